import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** Bytes that are unpacked at once. */
const PIECE = 2 ** 18

/** Unpacks gzip, of one member or of several (RFC 1952), piece by piece; throws zlib's error where it is unsound or ends early. */
export function gunzip(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // What fails or is left early ends the whole pipeline; the iteration has the error, so the callback has nothing to tell.
  return pipeline(Readable.from(packed), createGunzip({ chunkSize: PIECE }), () => {})
}
