// Draws a comment as GitHub shows it, and the first screen of a report, in headless Chromium.
//
// Usage: node draw_pictures.mjs COMMENT.md REPORT.html CHROMIUM FOLDER

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "node_modules", "x.js"));
const puppeteer = require("puppeteer-core");
const { marked } = require("marked");
const style = readFileSync(require.resolve("github-markdown-css/github-markdown-light.css"), "utf8");

const [comment, report, chromium, folder] = process.argv.slice(2);
const frame = "border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; width: 860px; box-sizing: border-box";
const html = `<!doctype html><meta charset="utf-8"><style>${style} body { margin: 12px }</style>
  <article class="markdown-body" style="${frame}">${marked.parse(readFileSync(comment, "utf8"))}</article>`;

const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.setViewport({ width: 884, height: 600 });
await page.setContent(html);
const article = await page.$("article");
await article.screenshot({ path: join(folder, "comment.png") });
await page.setViewport({ width: 1100, height: 1250 });
await page.goto(pathToFileURL(resolve(report)).href);
await page.evaluate(() => document.querySelectorAll("details").forEach((it, index) => (it.open = index === 0)));
await page.screenshot({ path: join(folder, "report.png") });
await browser.close();
