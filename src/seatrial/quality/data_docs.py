"""Great Expectations' page, made to stand alone.

Data Docs load Bootstrap, jQuery and fonts from five places on the web. The page that is kept has none of
that: its own style sheet covers what the page uses, and a few lines of script do the filter.
"""

import re

from seatrial.quality.offline_page import offline_page

__all__ = ["stand_alone"]

_LOADED = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<footer>.*?</footer>|<nav class=\"navbar.*?</nav>\s*</nav>"
    r"|<img\b[^>]*>|url\('https?:[^']*'\)[^;}]*",
    re.DOTALL,
)

#: Links to other pages of a Data Docs site, which is not there.
_LINKED = re.compile(r"<a\b[^>]*\bhref=\"\.\./[^>]*>(.*?)</a>", re.DOTALL)

_STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1.5rem; }
h1, h2, h3, h4, h5, h6, .h6 { font-size: 1.05rem; margin: .8rem 0 .3rem; }
table { border-collapse: collapse; margin: .4rem 0; }
td, th { border-top: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.table-responsive { overflow-x: auto; }
.card { border: 1px solid #8886; border-radius: .4rem; margin-bottom: 1rem; padding: .5rem .8rem; }
.btn { border: 1px solid #8886; border-radius: .3rem; cursor: pointer; padding: .1rem .5rem; }
.d-none:not(.d-md-block) { display: none; }
.nav, ul { list-style: none; padding-left: .5rem; }
.badge { background: #8883; border-radius: .3rem; font-size: .85em; padding: 0 .35rem; }
.alert { background: #8881; border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; }
.fas::before { font-style: normal; font-weight: bold; }
.fa-times::before { color: #b3261e; content: "✗"; }
.fa-check-circle::before { color: #1b7f3b; content: "✓"; }
.fa-exclamation-triangle::before { color: #9a6700; content: "!"; }
.text-danger { color: #b3261e; }
.text-success { color: #1b7f3b; }
[data-toggle="collapse"] { display: none; }
:root { color-scheme: light dark; }
.sticky { position: static; }
</style>
<script>
function show(succeeded) {
  const style = succeeded ? "" : "none";
  const parents = (name) => [...document.getElementsByClassName(name)].map((one) => one.parentElement);
  parents("hide-succeeded-validation-target-child").forEach((one) => { one.style.display = style; });
  parents("hide-succeeded-validations-column-section-target-child").forEach((one) => {
    one.parentElement.style.display = style;
  });
}
function showAllValidations() { show(true); }
function hideSucceededValidations() { show(false); }
</script>
"""


def stand_alone(page: str) -> str:
    """Take out all that the page would load, and give it a style and a filter of its own.

    Args:
        page: What :func:`seatrial.quality.gx_engine.render` gave.
    """
    bare = _LINKED.sub(r"\1", _LOADED.sub("", page))
    return offline_page(bare.replace("</head>", f"{_STYLE}</head>", 1))
