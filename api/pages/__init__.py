"""Pages for people: server-rendered, one visual language, Russian and English, light and dark.

How to write a page
-------------------
A room's pages are ``api/pages/<room>.py`` with a ``router`` (listed in ``api/http/app.py``) and
templates in ``api/pages/templates/<room>/``. Routes are plain ``def``, take ``ViewHere`` and return
``view.render("<room>/<page>.html", …)``:

    @router.get("/me")
    def overview(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
        with database.read() as work:
            summary = lots.summary(work, member_id, work.now)
        return view.render("member/overview.html", summary=summary)

A form posts to a route that takes ``CurrentMember`` (or a role), calls the use case and returns
``view.redirect("/me", notice="member.saved")``; the notice's message is shown on the next page.
Each form holds ``{{ ui.csrf() }}``; without it the post is refused with 403. A refusal needs no
code: the ``VkladError`` becomes a page (``errors/problem.html``) in the reader's language.

A template
----------
    {% extends "layout.html" %}
    {% import "ui.html" as ui with context %}
    {% block title %}{{ t("member.overview.title") }}{% endblock %}
    {% block main %} … {% endblock %}

Blocks: ``title``, ``head`` (more ``<script type="module" src="{{ static('member.mjs') }}">``),
``hero`` (full width above the content), ``main``.

In every template: ``t(key, **operands)`` for any sentence; ``points(n)``, ``money(m)``,
``token(units)``, ``number(n)``, ``day(when)``, ``moment(when)`` (a ``<time>``), ``static(name)``,
``view`` (``language``, ``principal``, ``path``, ``chain_is_on``). No sentence is written in a
template itself; no ``style=`` and no inline script (the security policy refuses both).

Macros (``ui.html``): ``icon(name)``, ``button(label, href=…|type=…, kind=…, icon=…)``,
``card(title)`` with ``{% call %}``, ``stat(label, value, hint, tone)``, ``badge(text, tone)``,
``alert(text, tone)``, ``empty(text)``, ``progress(value, max, label)``,
``stack(parts, label)`` for a bar of several parts with a legend, ``columns(items, label)`` for a
small column chart, ``steps(items)`` for the stages of something under way, ``table(heads)`` with
``{% call %}``, ``facts(pairs)`` for a list of names and values, ``field(name, label, …)``,
``textarea``, ``select``, ``csrf()``, ``why(summary)`` with ``{% call %}`` for a receipt that opens,
``pager(next_cursor)``. Tones: ``good``, ``warn``, ``bad``, ``info``, ``quiet``.

CSS is ``static/app.css``: tokens at the top (colours for light and dark in one place, spacing,
type), then elements, then components by the macro's name. Messages are in
``api/i18n/{en,ru}/<room>.yaml``. The navigation is the literal list in ``api/pages/navigation.py``;
an item shows up once its path has a route.
"""
