// What the page around may say of how the frame looks. Values, never rules: each is looked at, and
// colours that could hide words from a reader (WCAG 2.2, 1.4.3: 4.5 to 1) are not taken at all.

const COLOUR = /^rgb\((\d{1,3}), ?(\d{1,3}), ?(\d{1,3})\)$/;
const CONTRAST_MIN = 4.5;
const BOUNDS = { radius: [0, 24], "font-size": [14, 22] };
const SCHEMES = ["light", "dark"];

function channels(value) {
  const found = COLOUR.exec(value ?? "");
  const numbers = found?.slice(1).map(Number);
  return numbers?.every((each) => each <= 255) ? numbers : null;
}

// Relative luminance as WCAG defines it.
function luminance(colour) {
  const [red, green, blue] = colour.map((each) => {
    const share = each / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const css = (colour) => `rgb(${colour.join(" ")})`;

function colours(style, theme) {
  const [text, surface] = [channels(theme.text), channels(theme.surface)];
  if (text && surface && contrast(text, surface) >= CONTRAST_MIN) {
    style.setProperty("--text", css(text));
    style.setProperty("--surface", css(surface));
    style.setProperty("--border", css(text));
  }
  const accent = channels(theme.accent);
  if (accent) {
    const [black, white] = [[0, 0, 0], [255, 255, 255]];
    const over = contrast(accent, white) >= contrast(accent, black) ? white : black;
    style.setProperty("--accent", css(accent));
    style.setProperty("--accent-text", css(over));
  }
}

export function readTheme(root, theme) {
  if (typeof theme !== "object" || theme === null) return;
  for (const name of ["text", "surface", "border", "accent", "accent-text", "radius", "font-size"]) {
    root.style.removeProperty(`--${name}`);
  }
  colours(root.style, theme);
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const number = /^\d{1,2}(\.\d{1,3})?px$/.test(theme[name] ?? "") ? parseFloat(theme[name]) : NaN;
    if (number >= least && number <= most) root.style.setProperty(`--${name}`, `${number}px`);
  }
  if (SCHEMES.includes(theme.scheme)) root.dataset.scheme = theme.scheme;
  else delete root.dataset.scheme;
}
