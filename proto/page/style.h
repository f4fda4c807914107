// The style sheet of the page of GET /admin/: light or dark as the reader's system is, one column on a phone.
#pragma once

#include <string_view>

namespace batchd::proto {

inline constexpr std::string_view kAdminPageStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --sheet: #fff; --text: #1c2128; --quiet: #5d6673; --line: #dfe3e8;
  --good: #18794e; --good-soft: #e6f4ec; --bad: #b42318; --bad-soft: #fdecea; --warn: #8a5a00; --warn-soft: #fdf3dc;
  --bar: #3b6fd4; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1216; --sheet: #171b21; --text: #e4e8ee; --quiet: #98a3b2;
  --line: #2a313b; --good: #56c88d; --good-soft: #12291e; --bad: #ff8a7d; --bad-soft: #33191a; --warn: #e8b54a;
  --warn-soft: #2d2412; --bar: #6f9cf0; --code: #20262e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans",
  sans-serif; -webkit-text-size-adjust: 100%; }
main, header { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; padding-top: 1.5rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.02rem; margin: 2rem 0 .6rem; }
header p, .note { color: var(--quiet); margin: 0; font-size: .88rem; }
.note { margin: .5rem 0; }
.verdict { margin: 1rem 0 0; padding: .8rem 1rem; border-radius: .6rem; border-left: .3rem solid var(--good);
  background: var(--good-soft); font-size: 1.05rem; }
.verdict.warn { border-color: var(--warn); background: var(--warn-soft); }
.verdict.bad { border-color: var(--bad); background: var(--bad-soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0 0; padding: 0;
  list-style: none; }
.cards li { background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.cards b { display: block; font-size: 1.5rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.cards.small { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); margin: 0; }
.cards.small b { font-size: 1.15rem; }
.cards span { color: var(--quiet); font-size: .85rem; }
.cards span.name { text-transform: capitalize; }
.wide { overflow-x: auto; background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .8rem; white-space: nowrap; }
th, td { padding: .45rem .8rem; vertical-align: baseline; }
thead + tbody tr { border-top: 1px solid var(--line); }
td { unicode-bidi: isolate; white-space: nowrap; }
td.words { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
td.num, th.num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.mono, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .86em; }
td.good { color: var(--good); } td.bad { color: var(--bad); font-weight: 600; } td.warn { color: var(--warn); }
.todo { background: var(--sheet); border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius: .6rem;
  padding: .7rem 1rem; margin: 0 0 .75rem; unicode-bidi: isolate; overflow-wrap: anywhere; }
.todo.quiet { border-left-color: var(--warn); }
.todo p { margin: 0 0 .4rem; }
.todo .said { color: var(--quiet); }
code.copy { display: block; background: var(--code); border-radius: .4rem; padding: .4rem .7rem; margin: .35rem 0 0;
  user-select: all; overflow-x: auto; }
footer { max-width: 76rem; margin: 2.5rem auto 2rem; padding: 0 1.25rem; color: var(--quiet); font-size: .85rem; }
a { color: var(--bar); }
@media (max-width: 40rem) {
  main, header, footer { padding-left: .9rem; padding-right: .9rem; }
  .cards, .cards.small { grid-template-columns: repeat(2, 1fr); }
  thead { display: none; }
  table, tbody, tr, td { display: block; width: 100%; }
  tbody tr { padding: .5rem 0; }
  tbody tr:first-child { border-top: 0; }
  td, td.num, td.words { display: flex; justify-content: space-between; gap: 1rem; padding: .16rem .9rem; text-align: right;
    white-space: normal; overflow-wrap: anywhere; min-width: 0; }
  td::before { content: attr(data-label); color: var(--quiet); font: .85rem/1.6 system-ui, "DejaVu Sans", sans-serif;
    flex: none; text-align: left; }
  td:empty { display: none; }
}
)css";

}  // namespace batchd::proto
