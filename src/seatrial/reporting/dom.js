/* What every page of Seatrial writes with: elements, counts, the theme. Text goes in as text, never as markup. */
const NARROW = "\u202f";
const svgSpace = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return made;
}
function draw(tag, attributes, ...children) {
  const made = document.createElementNS(svgSpace, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const name = (text) => el("bdi", {}, text);
const has = (value) => value !== null && value !== undefined;
const count = (number) => String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, NARROW);
function goTo(target) {
  target.scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
}
function stored(key, text) { // frames without an origin have no storage
  try {
    if (text === undefined) return window.localStorage.getItem(key);
    window.localStorage.setItem(key, text);
  } catch { /* the choice then lasts as long as the page */ }
  return null;
}
function startTheme() {
  const names = ["auto", "light", "dark"], button = byId("theme");
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  let theme = names.includes(stored("seatrial-theme")) ? stored("seatrial-theme") : "auto";
  apply(theme);
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = names[(names.indexOf(theme) + 1) % names.length];
    stored("seatrial-theme", theme);
    apply(theme);
  });
}
