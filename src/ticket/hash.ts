import type { CreateSha256 } from './sha256.js'

/** How much of a file is hashed at a time, in bytes. */
const CHUNK = 4 << 20

/**
 * The hash of a ticket: SHA-256 over the metadata text in UTF-8, then the whole data region of the file.
 * With the fixed order of the tensors, that covers everything but the padding.
 * @param text the string under `__metadata__`.`slt`
 * @param source where the data region is
 * @param dataOffset first byte of the data region
 * @param size length of the file
 */
export async function hashTicket(
  text: string,
  source: { read(offset: number, length: number): Promise<Uint8Array> },
  dataOffset: number,
  size: number,
  createSha256: CreateSha256,
): Promise<string> {
  const hash = createSha256()
  hash.update(new TextEncoder().encode(text))
  for (let at = dataOffset; at < size; at += CHUNK) hash.update(await source.read(at, Math.min(CHUNK, size - at)))
  return hash.digest()
}

/** SHA-256 of some bytes one after another. */
export function hashOf(createSha256: CreateSha256, ...parts: Uint8Array[]): string {
  const hash = createSha256()
  for (const part of parts) hash.update(part)
  return hash.digest()
}
