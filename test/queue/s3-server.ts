import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What S3 does of PutObject (with If-None-Match), GetObject, HeadObject, DeleteObject and ListObjectsV2, in memory; signatures are not checked. */
export interface S3Server {
  /** For AWS_ENDPOINT_URL_S3. */
  readonly endpoint: string
  /** Values by `bucket/key`. */
  readonly values: Map<string, Buffer>
  /** Asked before each request: a status of S3 with its code, which is answered instead. */
  fault: (method: string, key: string) => { status: number; code: string } | undefined
  stop(): Promise<void>
}

/** Keys of one page of a list: few, so that tests turn pages. */
const PAGE = 7

export async function startS3(): Promise<S3Server> {
  const values = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    answer(s3, request, response).catch((error) => response.destroy(error))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const s3: S3Server = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    values,
    fault: () => undefined,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      }),
  }
  return s3
}

/** Variables under which the SDK finds the server. */
export const s3Environment = ({ endpoint }: S3Server) => ({
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
})

async function answer({ values, fault }: S3Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'http://s3')
  const key = decodeURIComponent(pathname.slice(1))
  const method = request.method!
  const body = await bodyOf(request)
  const refuse = (status: number, code: string) => {
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(
      method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>${code} of ${key}</Message></Error>`,
    )
  }
  const trouble = fault(method, key)
  if (trouble) return refuse(trouble.status, trouble.code)
  if (method === 'PUT') {
    if (request.headers['if-none-match'] === '*' && values.has(key)) return refuse(412, 'PreconditionFailed')
    values.set(key, body)
    response.writeHead(200, { etag: etagOf(body) })
    return void response.end()
  }
  if (method === 'DELETE') {
    values.delete(key)
    response.writeHead(204)
    return void response.end()
  }
  if (searchParams.get('list-type') === '2') {
    response.writeHead(200, { 'content-type': 'application/xml' })
    return void response.end(listOf(values, key.replace(/\/$/, ''), searchParams))
  }
  const value = values.get(key)
  if (value === undefined) return refuse(404, method === 'HEAD' ? 'NotFound' : 'NoSuchKey')
  response.writeHead(200, { 'content-length': value.length, etag: etagOf(value) })
  response.end(method === 'HEAD' ? undefined : value)
}

const etagOf = (value: Buffer) => `"${createHash('md5').update(value).digest('hex')}"`

function listOf(values: ReadonlyMap<string, Buffer>, bucket: string, asked: URLSearchParams): string {
  const start = `${bucket}/${asked.get('prefix') ?? ''}`
  const after = asked.get('continuation-token') ?? ''
  const keys = [...values.keys()].filter((each) => each.startsWith(start) && each > after).sort()
  const page = keys.slice(0, Math.min(PAGE, Number(asked.get('max-keys') ?? PAGE)))
  const isTruncated = page.length < keys.length
  const contents = page.map((each) => `<Contents><Key>${each.slice(bucket.length + 1)}</Key></Contents>`).join('')
  const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  return `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${next}${contents}</ListBucketResult>`
}

/** The body of a request, out of its chunks where the SDK sends a checksum behind it (aws-chunked). */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const whole = Buffer.concat(pieces)
  if (!/aws-chunked/.test(request.headers['content-encoding'] ?? '')) return whole
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const end = whole.indexOf('\r\n', at)
    const length = Number.parseInt(whole.toString('latin1', at, end), 16)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(whole.subarray(end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
}
