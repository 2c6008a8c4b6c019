// Opens a report in headless Chromium at desktop and phone width, light and dark: axe-core must find nothing, nothing may
// be wider than the screen, and the file stays below 1 MB. Saves a picture of each.
//
// Usage: node check_page.mjs PAGE.html CHROMIUM FOLDER-FOR-PICTURES

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "node_modules", "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [page_file, chromium, pictures] = process.argv.slice(2);
const LIMIT = 1_000_000;
let failed = 0;
const check = (ok, what) => {
  if (!ok) {
    failed += 1;
    console.error(`page: ${what}`);
  }
};

const bytes = statSync(page_file).size;
check(bytes < LIMIT, `${bytes} bytes are not below ${LIMIT}`);

const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox"] });
let checks = 0;
for (const [width, name] of [[1280, "desktop"], [390, "phone"]]) {
  for (const scheme of ["light", "dark"]) {
    const page = await browser.newPage();
    // The page forbids scripts, its own and others: the checker has to get in anyway.
    await page.setBypassCSP(true);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(resolve(page_file)).href);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= width, `${name}, ${scheme}: ${wide} px wide on a screen of ${width}`);
    await page.evaluate(axe);
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    checks += passes.length;
    check(passes.length > 10, `${name}, ${scheme}: axe-core looked at nothing`);
    for (const { id, help, nodes } of violations) {
      check(false, `${name}, ${scheme}: ${id}: ${help} (${nodes.length}): ${nodes[0].html.slice(0, 200)}`);
    }
    await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`), fullPage: true });
    await page.close();
  }
}
await browser.close();
console.log(`page: ${bytes} bytes, ${checks} rules of axe-core passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
