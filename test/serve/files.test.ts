import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReportsAnswer, StatusAnswer, TicketsAnswer } from '../../src/serve/answers.js'
import { scanFolders } from '../../src/serve/scan.js'
import type { Serving } from '../../src/serve/server.js'
import { addTicket, get, makePlace, makeRun, type Place, SCRIPT, serve } from './fixture.js'

let place: Place
let serving: Serving
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${serving.url}${path}`, { headers, method })
const json = async <T>(path: string): Promise<T> => (await ask(path)).json() as Promise<T>

beforeAll(async () => {
  place = await makePlace()
  await mkdir(join(place.shown, 'deep', 'er'), { recursive: true })
  await addTicket(join(place.shown, 'deep', 'er'), 'story.slt.safetensors')
  await addTicket(place.shown, 'sorter é".slt.safetensors', 'pruned-range.slt.safetensors')
  await writeFile(join(place.shown, 'torn.slt.safetensors'), 'torn')
  const huge = Buffer.alloc(100)
  huge.writeBigUInt64LE(2n ** 40n)
  await writeFile(join(place.shown, 'huge.slt.safetensors'), huge)
  await writeFile(join(place.shown, 'private.txt'), 'private')
  await mkdir(join(place.shown, 'out'))
  for (const name of [
    'report.html',
    'figure-4.svg',
    'figure-4.json',
    'figure-9.svg',
    'figure-rotary.svg',
    'notes.html',
  ]) {
    await writeFile(join(place.shown, 'out', name), `<p>${name}</p>`)
  }
  serving = await serve(place)
})
afterAll(async () => {
  await serving.close()
  await place.remove()
})

describe('the explorer', () => {
  test('its hashed files may be kept, its page is asked for again, and unchanged ones are not sent twice', async () => {
    const script = await ask('assets/main-1a2b.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await script.text()).toBe(SCRIPT)
    const page = await ask('')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const tag = page.headers.get('etag')!
    const again = await ask('', { 'if-none-match': tag })
    expect([again.status, await again.text()]).toEqual([304, ''])
    await writeFile(join(place.web, 'index.html'), '<!doctype html><title>changed</title>')
    const changed = await ask('', { 'if-none-match': tag })
    expect([changed.status, await changed.text()]).toEqual([200, '<!doctype html><title>changed</title>'])
  })

  test('its page learns that it is served', async () => {
    await writeFile(join(place.web, 'index.html'), '<head><title>a</title></head>')
    expect(await (await ask('')).text()).toBe('<head><title>a</title><meta name="slt-serve" content="1"></head>')
  })

  test('its files are compressed for those who ask, from the second time on', async () => {
    const before = await get(serving.port, '/assets/main-1a2b.js', 'Accept-Encoding: br, gzip\r\n')
    expect(before.length).toBeGreaterThan(0)
    await expect
      .poll(async () =>
        (await ask('assets/main-1a2b.js', { 'accept-encoding': 'gzip' })).headers.get('content-encoding'),
      )
      .toBe('gzip')
    const answer = await get(serving.port, '/assets/main-1a2b.js', 'Accept-Encoding: br, gzip;q=0.5\r\n')
    const body = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')
    expect(body.length).toBeLessThan(SCRIPT.length / 10)
    expect(gunzipSync(body).toString()).toBe(SCRIPT)
    for (const refused of ['gzip;q=0', 'br', '']) {
      const plain = await get(serving.port, '/assets/main-1a2b.js', `Accept-Encoding: ${refused}\r\n`)
      expect(plain.slice(plain.indexOf('\r\n\r\n') + 4)).toBe(SCRIPT)
    }
  })

  test('HEAD gives the same head and nothing else', async () => {
    const head = await get(serving.port, '/', '').then((text) => text.split('\r\n\r\n')[0])
    const answer = await ask('', {}, 'HEAD')
    expect(await answer.text()).toBe('')
    expect(head).toContain(`content-length: ${answer.headers.get('content-length')}`)
  })
})

test('the status names folders, not where they lie', async () => {
  expect(await json<StatusAnswer>('api/status')).toEqual({ server: 'slt', version: '1.2.3', folders: ['shown'] })
  const text = await (await ask('api/tickets')).text()
  expect(text).not.toContain(place.base)
})

describe('tickets', () => {
  const find = async (name: string) =>
    (await json<TicketsAnswer>('api/tickets')).tickets.find((one) => one.name === name)!

  test('are listed with what their headers say; a torn one says that it is', async () => {
    const { tickets, truncated } = await json<TicketsAnswer>('api/tickets')
    expect(truncated).toBeNull()
    expect(tickets.map(({ name }) => name).sort()).toEqual([
      'deep/er/story.slt.safetensors',
      'huge.slt.safetensors',
      'sorter é".slt.safetensors',
      'torn.slt.safetensors',
    ])
    expect(await find('deep/er/story.slt.safetensors')).toMatchObject({ kind: 'searched', error: null })
    expect((await find('deep/er/story.slt.safetensors')).model).toMatch(
      /^\d+ layers?, width \d+, \d+ heads?, context \d+$/,
    )
    expect(await find('sorter é".slt.safetensors')).toMatchObject({ kind: 'pruned', error: null })
    const torn = { kind: null, model: null, error: 'not a safetensors file: it looks like a text' }
    expect(await find('torn.slt.safetensors')).toMatchObject(torn)
    expect(await find('huge.slt.safetensors')).toMatchObject({ kind: null, error: 'the header is too long' })
  })

  test('are fetched whole, in parts, and not again when unchanged', async () => {
    const { id, bytes } = await find('deep/er/story.slt.safetensors')
    const file = await readFile(join(place.shown, 'deep/er/story.slt.safetensors'))
    const whole = await ask(`api/files/${id}`)
    expect(Buffer.from(await whole.arrayBuffer()).equals(file)).toBe(true)
    expect(whole.headers.get('content-length')).toBe(String(bytes))
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename="story.slt.safetensors"')
    expect(whole.headers.get('content-security-policy')).toContain('sandbox')
    const tag = whole.headers.get('etag')!
    expect((await ask(`api/files/${id}`, { 'if-none-match': tag })).status).toBe(304)

    const part = async (range: string, more = {}) => {
      const answer = await ask(`api/files/${id}`, { range, ...more })
      return [answer.status, answer.headers.get('content-range'), Buffer.from(await answer.arrayBuffer())] as const
    }
    expect(await part('bytes=8-99')).toEqual([206, `bytes 8-99/${bytes}`, file.subarray(8, 100)])
    expect(await part('bytes=100-')).toEqual([206, `bytes 100-${bytes - 1}/${bytes}`, file.subarray(100)])
    expect(await part('bytes=-10')).toEqual([206, `bytes ${bytes - 10}-${bytes - 1}/${bytes}`, file.subarray(-10)])
    expect(await part('bytes=0-99999999')).toEqual([206, `bytes 0-${bytes - 1}/${bytes}`, file])
    expect((await part(`bytes=${bytes}-`)).slice(0, 2)).toEqual([416, `bytes */${bytes}`])
    expect((await part('bytes=-0'))[0]).toBe(416)
    for (const strange of ['bytes=0-1,4-5', 'bytes=9-2', 'lines=0-1', 'bytes=-']) {
      expect((await part(strange))[0], strange).toBe(200)
    }
    expect((await part('bytes=0-9', { 'if-range': tag }))[0]).toBe(206)
    expect((await part('bytes=0-9', { 'if-range': '"another"' }))[0]).toBe(200)
  })

  test('a name in headers is plain ASCII', async () => {
    const { id } = await find('sorter é".slt.safetensors')
    const answer = await ask(`api/files/${id}`)
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="sorter-[\w.-]+\.slt\.safetensors"$/,
    )
  })

  test('one that has vanished, or became a link, is not here', async () => {
    await addTicket(place.shown, 'gone.slt.safetensors')
    await expect.poll(() => find('gone.slt.safetensors')).toBeDefined()
    const { id } = await find('gone.slt.safetensors')
    await rm(join(place.shown, 'gone.slt.safetensors'))
    const gone = await ask(`api/files/${id}`)
    expect([gone.status, await gone.json()]).toEqual([404, { error: 'gone.slt.safetensors is not here' }])
    expect(await find('gone.slt.safetensors')).toBeUndefined()
    await symlink(join(place.base, 'secret.txt'), join(place.shown, 'gone.slt.safetensors'))
    expect((await ask(`api/files/${id}`)).status).toBe(404)
  })

  test('an id of another kind, or none, is not here', async () => {
    const { id } = await find('deep/er/story.slt.safetensors')
    const none = createHash('sha256').update('none').digest('hex').slice(0, 16)
    for (const path of [
      `api/runs/${id}/metrics`,
      `api/reports/${id}/report.html`,
      `api/files/${none}`,
      'api/files/toString',
    ]) {
      expect((await ask(path)).status, path).toBe(404)
    }
  })
})

describe('a file that changes while it is sent', () => {
  const SIZE = 64 * 2 ** 20

  /** Asks for a file, reads a little, lets `change` happen, and reads the rest. */
  const slowly = async (path: string, change: () => Promise<void>) => {
    const socket = connect(serving.port, '127.0.0.1')
    socket.write(`GET /${path} HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\nConnection: close\r\n\r\n`)
    let bytes = 0
    await new Promise<void>((done) =>
      socket.once('data', (chunk) => {
        bytes += chunk.length
        socket.pause()
        done()
      }),
    )
    await change()
    await new Promise<void>((done) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.on('error', () => undefined)
      socket.on('close', () => done())
      socket.resume()
    })
    return bytes
  }
  const make = async (name: string) => {
    const path = join(place.shown, name)
    await writeFile(path, Buffer.alloc(SIZE))
    const find = async () => (await json<TicketsAnswer>('api/tickets')).tickets.find((one) => one.name === name)?.id
    await expect.poll(find).toBeDefined()
    return { path, url: `api/files/${await find()}` }
  }

  test('comes as it was when another takes its place, or when it is removed', async () => {
    const { path, url } = await make('big.slt.safetensors')
    await writeFile(`${path}.new`, 'new')
    expect(await slowly(url, () => rename(`${path}.new`, path))).toBeGreaterThan(SIZE)
  })

  test('breaks the connection when it is cut, and the server goes on', async () => {
    const { path, url } = await make('cut.slt.safetensors')
    expect(await slowly(url, () => truncate(path, 2 ** 16))).toBeLessThan(SIZE)
    expect((await ask('')).status).toBe(200)
  })
})

test('of a report its own files are given, with a policy under which nothing runs', async () => {
  const { reports } = await json<ReportsAnswer>('api/reports')
  expect(reports).toMatchObject([
    { name: 'out', files: ['figure-4.json', 'figure-4.svg', 'figure-rotary.svg', 'report.html'] },
  ])
  const [{ id }] = reports
  const figure = await ask(`api/reports/${id}/figure-4.svg`)
  expect(figure.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
  expect(figure.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*sandbox$/)
  expect(await figure.text()).toBe('<p>figure-4.svg</p>')
  for (const name of ['figure-9.svg', 'notes.html', 'figure-5.svg', 'private.txt']) {
    expect((await ask(`api/reports/${id}/${name}`)).status, name).toBe(404)
  }
})

describe('a scan', () => {
  test('is bounded in depth, entries and finds, and says so', async () => {
    const all = await scanFolders([place.shown])
    expect(all.truncated).toBeNull()
    const shallow = await scanFolders([place.shown], { depth: 1, entries: 1000, found: 1000 })
    expect(shallow.truncated).toBe('folders more than 1 deep were not looked at')
    expect(shallow.found.map(({ name }) => name)).not.toContain('deep/er/story.slt.safetensors')
    expect((await scanFolders([place.shown], { depth: 6, entries: 3, found: 1000 })).truncated).toMatch(
      /only the first 3/,
    )
    const few = await scanFolders([place.shown], { depth: 6, entries: 1000, found: 1 })
    expect(few.truncated).toBe('only 1 tickets are listed')
    expect(few.found.filter(({ kind }) => kind === 'ticket')).toHaveLength(1)
  })

  test('follows no links, so that a circle has an end, and passes over hidden folders', async () => {
    const root = join(place.base, 'circle')
    await makeRun(join(root, 'a.run'), 1)
    await makeRun(join(root, '.hidden', 'b.run'), 1)
    await makeRun(join(root, 'node_modules', 'c.run'), 1)
    await symlink(root, join(root, 'a.run', 'up'))
    expect((await scanFolders([root])).found.map(({ name }) => name)).toEqual(['a.run'])
    const twice = await scanFolders([root, join(root, 'a.run')])
    expect(twice.found.map(({ name }) => name)).toEqual(['a.run'])
  })
})
