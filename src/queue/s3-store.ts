/** A store in a bucket of S3 or of what speaks like it, by conditional puts. */
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InputError } from '../safetensors/index.js'
import { loadPeer } from './peer.js'
import { type Content, expectKey, type Store } from './store.js'

/** Of one PutObject, by S3's rules. */
const MOST_BYTES = 5 * 2 ** 30

/**
 * Opens a bucket as a store. Region, endpoint and credentials come from where AWS' own tools take them: AWS_REGION, AWS_ENDPOINT_URL_S3,
 * AWS_ACCESS_KEY_ID, ~/.aws, the machine's role.
 * @param address `s3://bucket` or `s3://bucket/prefix`
 * @throws InputError when @aws-sdk/client-s3 is not installed, or the bucket cannot be read
 */
export async function openS3Store(address: string): Promise<Store> {
  const [bucket, ...parts] = address.slice('s3://'.length).replace(/\/+$/, '').split('/')
  if (!bucket) throw new RangeError(`"store" expected s3://bucket or s3://bucket/prefix, got ${address}`)
  const sdk = await loadPeer(() => import('@aws-sdk/client-s3'), '@aws-sdk/client-s3', 'a store on S3')
  const hasEndpoint = process.env.AWS_ENDPOINT_URL_S3 !== undefined || process.env.AWS_ENDPOINT_URL !== undefined
  const client = new sdk.S3Client({
    forcePathStyle: hasEndpoint, // what runs on a machine of one's own has no name for each bucket
    ...(process.env.AWS_REGION === undefined && hasEndpoint && { region: 'us-east-1' }),
  })
  const nameOf = (key: string) => [...parts, expectKey(key)].join('/')
  const place = (key: string) => ({ Bucket: bucket, Key: nameOf(key) })
  const refuse = (key: string, error: unknown): never => {
    const { name, message } = error as Error
    const shown = key === '' ? address : `${address}/${key}`
    throw new InputError(`${shown}: ${name}: ${message.split('\n')[0]}`, { cause: error })
  }
  const get = (key: string) =>
    client.send(new sdk.GetObjectCommand(place(key))).then(
      ({ Body }) => Body as (Readable & { transformToByteArray(): Promise<Uint8Array> }) | undefined,
      (error) => (statusOf(error) === 404 ? undefined : refuse(key, error)),
    )
  /** @returns false where there is a value already */
  const put = async (key: string, content: Content, condition: { IfNoneMatch?: '*' }): Promise<boolean> => {
    const length = content instanceof Uint8Array ? content.length : (await stat(content.path)).size
    if (length > MOST_BYTES)
      throw new InputError(`${address}/${key}: ${length} bytes, and S3 takes at most ${MOST_BYTES} at once`)
    const to = place(key)
    const Body = content instanceof Uint8Array ? content : createReadStream(content.path)
    try {
      await client.send(new sdk.PutObjectCommand({ ...to, ...condition, Body, ContentLength: length }))
      return true
    } catch (error) {
      const status = statusOf(error)
      if (status === 412) return false
      // 409: another conditional put of the same key is under way. Whoever wins, there will be a value.
      if (status === 409 && condition.IfNoneMatch)
        return size(key).then((bytes) => (bytes === undefined ? put(key, content, condition) : false))
      return refuse(key, error)
    }
  }
  const size = (key: string): Promise<number | undefined> =>
    client.send(new sdk.HeadObjectCommand(place(key))).then(
      ({ ContentLength = 0 }) => ContentLength,
      (error) => (statusOf(error) === 404 ? undefined : refuse(key, error)),
    )
  await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 })).catch((error) => refuse('', error))
  return {
    address,
    read: async (key) => (await get(key))?.transformToByteArray(),
    async copyTo(key, path) {
      const body = await get(key)
      if (body === undefined) return false
      try {
        await pipeline(body, createWriteStream(path, { flags: 'wx' }))
      } catch (error) {
        await rm(path, { force: true })
        return refuse(key, error)
      }
      return true
    },
    size,
    create: (key, content) => put(key, content, { IfNoneMatch: '*' }),
    async replace(key, content) {
      await put(key, content, {})
    },
    async remove(key) {
      await client.send(new sdk.DeleteObjectCommand(place(key))).catch((error) => refuse(key, error))
    },
    async list(prefix) {
      const keys: string[] = []
      const start = `${nameOf(prefix.replace(/\/$/, ''))}/`
      for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
        const page = await client
          .send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: start, ContinuationToken: token }))
          .catch((error) => refuse(prefix, error))
        for (const { Key } of page.Contents ?? [])
          if (Key) keys.push(Key.slice(parts.join('/').length + (parts.length > 0 ? 1 : 0)))
        token = page.NextContinuationToken
      }
      return keys.sort()
    },
  }
}

const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
