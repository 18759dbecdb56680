import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeSha256 } from '../src/files/sha256.js'
import { continueText, linkTicket, loadTokenizer, openTicketModel, rebuildTicket } from '../src/index.js'
import { expectPruned, expectSearched } from '../src/ticket/index.js'
import { launchBrowser, noBrowser } from './web/browser.js'
import { type Served, serveSite } from './web/site.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const tickets = {
  play: join(root, 'examples/play/play.slt.safetensors'),
  sorter: join(root, 'examples/sorter-qr/sorter.slt.safetensors'),
  pruned: join(root, 'examples/pruned-sorter/sorter.slt.safetensors'),
}

/** The README's program for browsers, as it stands there. */
async function readmeProgram(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1])
  const found = blocks.filter((block) => block.includes("'strong-lottery-tickets/web'"))
  expect(found.length).toBe(1)
  return found[0]
}

/** What the tests ask of the page beside it. */
const asked = `
import { decodeTicketText, openTicketBytes as openBytes, rebuildPairs, rebuildTicket, webSha256 } from 'strong-lottery-tickets/web'
const hashOf = (array) => {
  const hash = webSha256()
  hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  return hash.digest()
}
const hashes = (weights) => [...weights].map(([name, values]) => [name, hashOf(values)])
globalThis.ofText = async (text) => {
  const bytes = decodeTicketText(text)
  const { parameters } = await rebuildTicket(await openBytes(bytes), kernels)
  return { file: hashOf(bytes), weights: hashes(parameters) }
}
globalThis.ofPruned = async (address) => {
  const ticket = await openBytes(new Uint8Array(await (await fetch(address)).arrayBuffer()))
  const pairs = [...await rebuildPairs(ticket, kernels)]
  const { model, release } = await runTicket(ticket, kernels, runner)
  const { tokens, logits } = ticket.metadata.probe
  const all = await model.logits(Int32Array.from(tokens), 1, tokens.length).finally(release)
  const last = all.slice(-model.config.vocabulary)
  return { pairs: pairs.map(([name, { first, second }]) => [name, hashOf(first), hashOf(second)]), last: [...last], logits }
}
globalThis.isReady = true
`

const sha = (values: ArrayBufferView) => {
  const hash = nodeSha256()
  hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  return hash.digest()
}

describe.skipIf(noBrowser)('a page that is built with the package', () => {
  let folder: string
  let served: Served
  let browser: Browser
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-application-'))
    const modules = join(folder, 'node_modules')
    await mkdir(modules)
    await symlink(root, join(modules, 'strong-lottery-tickets'), 'dir')
    await symlink(join(root, 'node_modules/onnxruntime-web'), join(modules, 'onnxruntime-web'), 'dir')
    await writeFile(join(folder, 'main.js'), (await readmeProgram()) + asked)
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="./main.js"></script>',
    )
    const warnings: string[] = []
    await build({
      configFile: false,
      root: folder,
      logLevel: 'warn',
      customLogger: {
        info() {},
        warn: (message) => void warnings.push(message),
        warnOnce: (message) => void warnings.push(message),
        error: (message) => void warnings.push(message),
        clearScreen() {},
        hasErrorLogged: () => false,
        hasWarned: false,
      },
      build: { outDir: join(folder, 'site'), target: 'es2022', chunkSizeWarningLimit: 2000 },
    })
    expect(warnings).toEqual([]) // a module of Node is one
    for (const [name, path] of Object.entries(tickets)) await cp(path, join(folder, `site/${name}.slt.safetensors`))
    served = await serveSite({ folders: [join(folder, 'site')] })
    browser = await launchBrowser()
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(served.url)
    await page.waitForFunction(() => 'isReady' in globalThis)
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test("the README's program writes what Node writes", async () => {
    const opened = await openTicketModel(tickets.play)
    const request = { prompt: 'ROMEO:', count: 40, temperature: 0.8, seed: 7 }
    let text = ''
    for await (const piece of continueText(opened, await loadTokenizer('bytes'), request)) text += piece.text
    await opened.close()
    expect(text.length).toBeGreaterThan(30)
    expect(await page.evaluate(() => document.body.textContent)).toBe(text)
    expect(errors).toEqual([])
  })

  test('a link gives the file and the weights that it gives in Node, bit for bit', async () => {
    const { link } = await linkTicket(tickets.sorter, {})
    const found = await page.evaluate<{ file: string; weights: [string, string][] }, string>(
      (text) => globalThis.ofText(text),
      link,
    )
    expect(found.file).toBe(sha(await readFile(tickets.sorter)))
    const opened = await openTicketModel(tickets.sorter)
    const { parameters } = await rebuildTicket(expectSearched(opened.ticket))
    await opened.close()
    expect(found.weights).toEqual([...parameters].map(([name, values]) => [name, sha(values)]))
    expect(await page.evaluate(() => globalThis.ofText('#ticket=AAAA').catch(String))).toContain('InputError: text: ')
  })

  test('a pruned ticket gives its pairs, and the logits of its probe', async () => {
    const found = await page.evaluate((address) => globalThis.ofPruned(address), 'pruned.slt.safetensors')
    const opened = await openTicketModel(tickets.pruned)
    const ticket = expectPruned(opened.ticket)
    expect(found.pairs.map(([name]) => name)).toEqual([...ticket.pairs.keys()])
    expect(new Set(found.pairs.map(([, first]) => first)).size).toBe(ticket.pairs.size)
    await opened.close()
    expect(found.logits.length).toBeGreaterThan(2)
    const { tolerance } = ticket.metadata.probe!
    for (const [i, logit] of found.logits.entries()) expect(Math.abs(found.last[i] - logit)).toBeLessThan(tolerance)
    expect(errors).toEqual([])
  })
})

declare global {
  var ofText: (text: string) => Promise<{ file: string; weights: [string, string][] }>
  var ofPruned: (address: string) => Promise<{ pairs: [string, string, string][]; last: number[]; logits: number[] }>
}
