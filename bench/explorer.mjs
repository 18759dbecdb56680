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
      const rates = {}
      for (const [name, file] of Object.entries({ tiny, play })) {
        rates[name] = await writing(browser, url, file)
        log(`${name}: ${figure(rates[name])} tokens a second in WebAssembly`)
      }
      return { bundle, firstViewMs: first, solves, tokensPerSecond: rates }
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
