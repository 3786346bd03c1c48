import assert from "node:assert/strict";
import { pageText } from "./page_text.ts";

const cases: [html: string, text: string][] = [
  ["<html><head><title>t</title><style>p{}</style></head><body><p>one</p><p>two</p></body></html>", "one\n\ntwo"],
  ["<p>a  <b>bold</b>,\n and <i>more</i></p>", "a bold, and more"],
  ["<p>a<br>b</p><div>c</div><div>d</div>", "a\nb\n\nc\nd"],
  ["<ul><li>x</li><li>y</li></ul>z", "x\ny\n\nz"],
  ["<table><tbody><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>", "1\t2\n3\t4"],
  ["<pre>  keep\n   this</pre>", "  keep\n   this"],
  [
    '<p>&lt;b&gt; &amp; &nbsp;&#9731;&#x1F600; &unknown;</p><script>if (a<b) "</p>"</script>',
    "<b> & \u00a0☃😀 &unknown;",
  ],
  ['<p title="a > b">c</p><!-- <p>d</p> --><p hidden="">e</p><template><p>f</p></template>', "c"],
  ["<p title='hidden'>seen</p><svg><text>no</text></svg><div hidden><div>no</div>no</div>end", "seen\n\nend"],
  ["<noscript><p>no</p></noscript><!DOCTYPE html>&#0;&#1114112;", "&#0;&#1114112;"],
  ["a <span> </span> b", "a b"],
  ["", ""],
];

for (const [html, text] of cases) {
  Deno.test(`pageText() of ${html.slice(0, 60)}`, () => assert.equal(pageText(html), text));
}

Deno.test("pageText() takes time in proportion to the page", () => {
  const page = `<p class="a">${"word &amp; <b>word</b> ".repeat(10)}</p>`.repeat(20_000);
  assert.equal(pageText(page).length, 20_000 * ("word & word ".length * 10 + 1) - 2);
});
