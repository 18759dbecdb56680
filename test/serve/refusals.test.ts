import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, startServer } from '../../src/serve/index.js'
import { addTicket, exchange, get, makePlace, makeRun, type Place, serve, statusOf } from './fixture.js'

let place: Place
let serving: Serving

beforeAll(async () => {
  place = await makePlace()
  await addTicket(place.shown, 'a.slt.safetensors')
  await makeRun(join(place.shown, 'a.run'), 3)
  serving = await serve(place)
})
afterAll(async () => {
  await serving.close()
  await place.remove()
})

test('what is asked for rightly is given: else the refusals below would show nothing', async () => {
  expect(await get(serving.port, '/')).toMatch(/^HTTP\/1\.1 200 [\s\S]*<title>explorer<\/title>$/)
  expect(statusOf(await get(serving.port, '/?x=../..'))).toBe(200)
  expect(statusOf(await get(serving.port, '/assets/main-1a2b.js'))).toBe(200)
})

describe('paths outside are refused', () => {
  const paths = [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E%2Fsecret.txt',
    '/..%2fsecret.txt',
    '/%252e%252e/secret.txt',
    '/..\\secret.txt',
    '/..%5csecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//etc/passwd',
    '///etc/passwd',
    '/%2fetc/passwd',
    '/./index.html',
    '/assets//main-1a2b.js',
    '/assets/',
    '/index.html%00.js',
    '/C:/Windows/win.ini',
    '/%c0%ae%c0%ae/secret.txt',
    '/\u00e4.js',
    '/api/files/../../secret.txt',
    '/api/files/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/api/reports/x/..%2fsecret.txt',
    'file:///etc/passwd',
  ]
  test.each(paths)('%s', async (path) => {
    const answer = await get(serving.port, path)
    expect(statusOf(answer)).toBe(400)
    expect(answer).not.toMatch(/secret$|root:/)
  })

  test.each(['/secret.txt', '/etc/passwd', '/assets', '/api', '/api/nothing', '/api/files/a.slt.safetensors'])(
    '%s is not here',
    async (path) => expect(statusOf(await get(serving.port, path))).toBe(404),
  )

  test('an absolute target names another server, whatever its path', async () => {
    expect(statusOf(await get(serving.port, `http://127.0.0.1:${serving.port}/index.html`))).toBe(400)
    expect(statusOf(await get(serving.port, 'http://elsewhere.example/'))).toBe(400)
  })

  test('a NUL in the target, or a target without a slash, is no HTTP', async () => {
    expect(statusOf(await get(serving.port, '/index.html\0.js'))).toBe(400)
    expect(statusOf(await get(serving.port, 'index.html'))).toBe(400)
  })
})

test('links that lead out of a folder are not followed, those within the explorer are', async () => {
  await symlink(join(place.base, 'secret.txt'), join(place.web, 'out.txt'))
  await symlink(place.base, join(place.web, 'up'))
  await symlink(join(place.web, 'index.html'), join(place.web, 'in.html'))
  await symlink('/dev/zero', join(place.web, 'zero.js'))
  for (const path of ['/out.txt', '/up/secret.txt', '/zero.js']) {
    expect(statusOf(await get(serving.port, path)), path).toBe(404)
  }
  expect(statusOf(await get(serving.port, '/in.html'))).toBe(200)

  const other = join(place.base, 'other')
  await mkdir(join(other, 'b.run'), { recursive: true })
  await makeRun(join(other, 'c.run'), 3)
  for (const name of ['run.json', 'metrics.jsonl']) {
    await symlink(join(place.shown, 'a.run', name), join(other, 'b.run', name))
  }
  await symlink(join(place.shown, 'a.slt.safetensors'), join(other, 'a.slt.safetensors'))
  await symlink(join(place.base, 'secret.txt'), join(other, 'c.run', 'samples.txt'))
  await symlink('/dev/zero', join(other, 'c.run', 'lock'))
  const second = await serve({ ...place, shown: other })
  try {
    const { runs } = await (await fetch(`${second.url}api/runs`)).json()
    expect(runs.map((run: { name: string }) => run.name)).toEqual(['c.run'])
    expect((await (await fetch(`${second.url}api/tickets`)).json()).tickets).toEqual([])
    const samples = await fetch(`${second.url}api/runs/${runs[0].id}/samples`)
    expect(await samples.json()).toEqual({ samples: [], truncated: false })
  } finally {
    await second.close()
  }
})

describe('other methods', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s', async (method) => {
    const head = `${method} /api/runs HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\nConnection: close\r\n`
    const answer = await exchange(serving.port, `${head}Content-Length: 0\r\n\r\n`)
    expect(statusOf(answer)).toBe(405)
    expect(answer.toLowerCase()).toContain('\r\nallow: get, head\r\n')
  })

  test('CONNECT', async () => {
    const head = 'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n'
    expect(statusOf(await exchange(serving.port, head))).toBe(405)
  })

  test('a large body is not read: the connection ends', async () => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\nContent-Length: 1000000000\r\n\r\n`
    const answer = await exchange(serving.port, head)
    expect(statusOf(answer)).toBe(405)
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
  })

  test.each([
    'Content-Length: 4\r\n\r\nbody',
    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'Expect: 100-continue\r\nContent-Length: 9\r\n\r\n',
  ])('a GET with a body: %j', async (rest) => {
    const answer = await exchange(serving.port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\n${rest}`)
    expect(statusOf(answer)).toBe(413)
  })
})

describe('the host', () => {
  const of = async (host: string) => statusOf(await get(serving.port, '/api/runs', '', host))

  test('is this machine, by its own names', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      expect(await of(`${name}:${serving.port}`), name).toBe(200)
    }
  })

  const others = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.1', '0.0.0.0', 'a@b']
  test.each(others)('is not %s', async (name) => {
    expect(await of(`${name}:${serving.port}`)).toBe(421)
    expect(await of(name)).toBe(421)
  })

  test('has the port that the server listens on', async () => {
    expect(await of('localhost')).toBe(421)
    expect(await of(`localhost:${serving.port + 1}`)).toBe(421)
  })

  test('is given once', async () => {
    const own = `Host: 127.0.0.1:${serving.port}\r\n`
    const twice = `GET / HTTP/1.1\r\n${own}Host: evil.example\r\nConnection: close\r\n\r\n`
    expect([400, 421]).toContain(statusOf(await exchange(serving.port, twice)))
    expect(statusOf(await exchange(serving.port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'))).toBe(400)
    expect(statusOf(await exchange(serving.port, 'GET / HTTP/1.0\r\n\r\n'))).toBe(421)
  })

  test('on all addresses it is that of the connection, or the one that was given', async () => {
    const everywhere = await serve(place, '0.0.0.0')
    try {
      const at = async (host: string) => statusOf(await get(everywhere.port, '/', '', `${host}:${everywhere.port}`))
      expect(await at('127.0.0.1')).toBe(200)
      expect(await at('0.0.0.0')).toBe(200)
      expect(await at('10.1.2.3')).toBe(421)
      expect(await at('evil.example')).toBe(421)
      expect(everywhere.url).toBe(`http://127.0.0.1:${everywhere.port}/`)
    } finally {
      await everywhere.close()
    }
  })
})

test('every answer, refusals too, carries the headers of isolation', async () => {
  for (const path of ['/', '/nothing', '/../x', '/api/runs', '/api/nothing']) {
    const head = (await get(serving.port, path)).split('\r\n\r\n')[0].toLowerCase()
    expect(head).toContain('cross-origin-opener-policy: same-origin')
    expect(head).toContain('cross-origin-embedder-policy: require-corp')
    expect(head).toContain('cross-origin-resource-policy: same-origin')
    expect(head).toContain('x-content-type-options: nosniff')
    expect(head).toContain('referrer-policy: no-referrer')
    const policy = /content-security-policy: (.*)/.exec(head)![1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain("'unsafe-eval'")
    expect(policy).not.toContain("'unsafe-inline'")
    expect(policy).not.toContain('http:')
  }
})

test('bytes that are no HTTP, and heads that are too large, get their status', async () => {
  expect(statusOf(await exchange(serving.port, '\x16\x03\x01\x02\x00\x01\x00'))).toBe(400)
  expect(statusOf(await exchange(serving.port, 'nonsense\r\n\r\n'))).toBe(400)
  expect(statusOf(await get(serving.port, '/', `X: ${'a'.repeat(20_000)}\r\n`))).toBe(431)
  expect(statusOf(await get(serving.port, `/${'a'.repeat(20_000)}`))).toBe(431)
  expect(statusOf(await get(serving.port, '/'))).toBe(200)
})

describe('what it cannot start with', () => {
  const start = (request: object) =>
    startServer({ explorer: place.web, folders: [place.shown], port: 0, version: '1', ...request }).catch(
      ({ name, message }: Error) => `${name}: ${message}`,
    )

  test('folders', async () => {
    const none = join(place.base, 'none')
    expect(await start({ folders: [none] })).toBe(`InputError: ${none}: no such file or folder`)
    expect(await start({ folders: [join(place.base, 'secret.txt')] })).toMatch(
      /^InputError: .*secret\.txt: is no folder/,
    )
    expect(await start({ explorer: place.base })).toMatch(/^InputError: .*: the explorer is not built/)
  })

  test('a port or host that cannot be had', async () => {
    expect(await start({ port: serving.port })).toBe(
      `InputError: 127.0.0.1 port ${serving.port}: another program listens there; --port 0 takes a free one`,
    )
    expect(await start({ host: '203.0.113.7' })).toBe(
      'InputError: 203.0.113.7 port 0: this machine has no such address',
    )
  })
})
