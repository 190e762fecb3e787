"""What a version would do, worked out before anybody decides on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doors import expect, wait_for

if TYPE_CHECKING:
    from story import Story


def previewed(story: Story, programme: str, mode: str, since: str) -> dict[str, Any]:
    """An admin has it worked out what a version would do; the finished preview."""
    admin = story.people["admin"]
    wish = {"mode": mode, "effective_at": since}
    path = (
        f"/v1/programme-previews/{admin.post(f'/v1/programmes/{programme}/previews', wish)['id']}"
    )
    wait_for("the preview", lambda: admin.get(path)["state"] != "running")
    told: dict[str, Any] = admin.get(path)
    expect(told["state"] == "finished", f"the preview {told['state']}: {told['failure']}")
    return told
