// The explorer as a person meets it: what its scripts and styles take gzipped, how soon the first view works, how fast a head is solved again, how fast a ticket writes. In a
// headless Chromium (SLT_CHROMIUM, or where packages put it), on `slt serve`. Built first by `npm run build`.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { inTemporaryFolder } from './cli.mjs'
import { figure, median } from './measure.mjs'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const site = fileURLToPath(new URL('../dist/web/', import.meta.url))
const text = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))
const play = fileURLToPath(new URL('../examples/play/play.slt.safetensors', import.meta.url))
const browserPath = process.env.SLT_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const RUNS = 7
const solved = /subset sums solved exactly in ([\d.]+) ms/

export async function run(log) {
  const bundle = bundleSize()
  log(
    `scripts and styles: ${figure(bundle.gzipped)} bytes gzipped in ${bundle.files} files, beside ONNX Runtime's WebAssembly and its loaders`,
  )
  return inTemporaryFolder(async (folder) => {
    const tiny = join(folder, 'tiny.slt.safetensors')
    const flags = ['--model', 'tiny', '--steps', '3', '--sample-every', '0', '--validate-every', '0', '--out', tiny]
    execFileSync(process.execPath, [main, 'search', '--data', text, ...flags], { stdio: 'ignore' })
    const server = spawn(process.execPath, [main, 'serve', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
    try {
      const url = await new Promise((found) => {
        server.stdout.on('data', (line) => found(/http:\S+/.exec(line)?.[0]))
      })
      const first = await firstView(browser, url)
      log(`first view, from navigation to its first solved head, a fresh profile each: ${figure(first)} ms`)
      const solves = await solveAgain(browser, url)
      const worst = Math.max(...solves.map(([, ms]) => ms))
      log(
        `a 16 x 16 head solved again as the slider moves (512 sums), ms by items: ${solves.map((each) => each.join(':')).join(' ')}; most ${worst}`,
      )
      const frames = {}
      for (const width of [16, 32]) {
        frames[width] = await dragging(browser, url, width)
        const { median: middle, p95, most, solves: heads } = frames[width]
        log(
          `dragging the items slider at d = ${width}, ms between frames: median ${middle.toFixed(1)}, 95 % ${p95.toFixed(1)}, most ${most.toFixed(1)}; ${heads} heads solved meanwhile`,
        )
      }
      const rates = {}
      for (const [name, file] of Object.entries({ tiny, play })) {
        rates[name] = await writing(browser, url, file)
        log(`${name}: ${figure(rates[name])} tokens a second in WebAssembly`)
      }
      return { bundle, firstViewMs: first, solves, frames, tokensPerSecond: rates }
    } finally {
      await browser.close()
      server.kill('SIGINT')
    }
  })
}

/** The scripts and styles of the site, each gzipped by itself; those in ort/ go with the WebAssembly that they load. */
export function bundleSize() {
  const names = readdirSync(site, { recursive: true }).filter(
    (name) => /\.(m?js|css)$/.test(name) && !/^ort\b/.test(name),
  )
  const sizes = names.map((name) => gzipSync(readFileSync(join(site, name))).length)
  return { files: names.length, gzipped: sizes.reduce((sum, size) => sum + size, 0) }
}

async function firstView(browser, url) {
  const times = []
  for (let i = 0; i < RUNS; i++) {
    const context = await browser.newContext()
    const page = await context.newPage()
    const started = performance.now()
    await page.goto(url)
    await page.getByText(solved).waitFor()
    times.push(performance.now() - started)
    await context.close()
  }
  return median(times)
}

async function solveAgain(browser, url) {
  const page = await browser.newPage()
  await page.goto(`${url}#prune`)
  await page.getByText(solved).waitFor()
  const times = []
  for (const items of [6, 8, 10, 12, 14, 16, 18, 20, 22, 24]) {
    await page.getByRole('slider', { name: /Items a weight/ }).fill(`${items}`)
    await page.waitForTimeout(1500)
    times.push([items, Number(solved.exec(await page.getByText(solved).innerText())[1])])
  }
  await page.close()
  return times
}

/** Four seconds of dragging the slider to and fro, once the curve of the width is done. */
async function dragging(browser, url, width) {
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 } })
  await page.goto(`${url}#prune?d=${width}`)
  await page.getByText(/^336 of 336 heads pruned/).waitFor({ timeout: 300_000 })
  const box = await page.getByRole('slider', { name: /Items a weight/ }).boundingBox()
  const y = box.y + box.height / 2
  await page.evaluate(() => {
    performance.clearMeasures()
    const times = []
    globalThis.frameTimes = times
    const note = (time) => {
      times.push(time)
      requestAnimationFrame(note)
    }
    requestAnimationFrame(note)
  })
  await page.mouse.move(box.x + 0.3 * box.width, y)
  await page.mouse.down()
  for (let i = 0; i < 240; i++) {
    await page.mouse.move(box.x + box.width * (0.3 + 0.4 * Math.abs(Math.sin(i / 30))), y)
    await page.waitForTimeout(16)
  }
  await page.mouse.up()
  const { times, solves } = await page.evaluate(() => ({
    times: globalThis.frameTimes,
    solves: performance.getEntriesByName('slt-prune').length,
  }))
  await page.close()
  const gaps = times.slice(1).map((time, i) => time - times[i])
  const sorted = gaps.sort((a, b) => a - b)
  return { median: median(gaps), p95: sorted[Math.floor(0.95 * sorted.length)], most: sorted.at(-1), solves }
}

async function writing(browser, url, file) {
  const page = await browser.newPage()
  await page.goto(`${url}#run`)
  await page.getByText('A playwright').waitFor()
  await page.setInputFiles('input[type=file]', file)
  await page.waitForTimeout(5000)
  const done = /200 tokens, ([\d,]+) a second/
  const rates = []
  for (let i = 0; i < RUNS; i++) {
    await page.getByRole('button', { name: 'Write' }).click()
    await page.getByText(done).waitFor()
    await page.waitForTimeout(3000)
    rates.push(Number(done.exec(await page.getByText(done).innerText())[1].replace(',', '')))
  }
  await page.close()
  return median(rates)
}
