/** A ticket's file that holds several masks over one random network: read whole, and written with one more. */
import { loadableName } from '../data/index.js'
import { nodeDeflate } from '../engine/node.js'
import { openFile, writeAtomically } from '../files/files.js'
import { takeLock } from '../files/lock-file.js'
import { nodeSha256 } from '../files/sha256.js'
import type { ByteSource } from '../safetensors/byte-source.js'
import { InputError, memorySource } from '../safetensors/index.js'
import { networkDifference } from '../search/base-network.js'
import { randomMatrices } from '../search/random-network.js'
import type { SearchSettings } from '../search/settings.js'
import { scoreStream } from '../search/streams.js'
import {
  encodeMasks,
  encodeSearchedTicket,
  expectSearched,
  type MaskCoding,
  type OpenOptions,
  openTicket,
  type SearchedContent,
  type SearchedTicket,
  searchedContent,
} from '../ticket/index.js'
import { openBaseNetwork } from './base-network.js'

/** Every mask of a searched ticket, in the order of the file. @throws InputError when it is no sound ticket, or a pruned one */
export async function readMasks(path: string): Promise<SearchedContent[]> {
  const source = await openFile(path, 'ticket')
  try {
    return await contentsOf(source, expectSearched(await openTicket(source, nodeSha256)))
  } finally {
    await source.close()
  }
}

/**
 * What each mask of a file holds, in its order.
 * @param opened any of them
 * @param options.memoryLimit of each; see `openTicket`
 */
export async function contentsOf(
  source: ByteSource,
  opened: SearchedTicket,
  { memoryLimit }: Pick<OpenOptions, 'memoryLimit'> = {},
): Promise<SearchedContent[]> {
  const contents: SearchedContent[] = []
  for (const mask of opened.masks) {
    const own = mask === opened.mask ? opened : await openTicket(source, nodeSha256, { memoryLimit, mask })
    contents.push(await searchedContent(expectSearched(own), scoreStream))
  }
  return contents
}

/** A hash of one mask and what is said of it, whatever else lies in its file and however that stores its masks. */
export function hashOfMask(content: SearchedContent): string {
  const matrices = content.matrices.map((matrix) => ({ ...matrix, scores: null }))
  return encodeSearchedTicket({ ...content, matrices, layout: 'packed', coding: 'bits' }, nodeSha256).sha256
}

/** The one mask of a ticket that is not in a file yet. */
export async function maskOf(bytes: Uint8Array, name: string): Promise<SearchedContent> {
  return searchedContent(expectSearched(await openTicket(memorySource(bytes, name), nodeSha256)), scoreStream)
}

/** The mask that a run adds to a file. */
export interface AddedMask {
  readonly settings: SearchSettings
  readonly mask: string
  /** As the user asked for it; the file's otherwise. */
  readonly coding?: MaskCoding | undefined
  /** Hashes of masks of this name that may be replaced, by {@link hashOfMask}. */
  readonly ours?: readonly (string | undefined)[]
  /** Whether another mask of this name may be replaced. */
  readonly force?: boolean | undefined
}

/**
 * Checks, before a search begins, that its mask can be added to a file.
 * @returns how the file stores its masks, the hash of the mask of this name that is to be replaced, and whether the file is of a format
 *   that holds one mask alone
 * @throws InputError when the file is no searched ticket or has a mask of this name; RangeError for another network or coding
 */
export async function checkAdding(
  path: string,
  { settings, mask, coding, ours = [], force = false }: AddedMask,
): Promise<{ coding: MaskCoding; replaced?: string; isOld: boolean }> {
  const { seed, config, tokenizer } = settings
  const matrices = randomMatrices(settings).map(({ stream, init }) => ({ stream, init }))
  const own = { seed, config, tokenizer: loadableName(tokenizer), matrices }
  const different = networkDifference(await openBaseNetwork(path), own)
  if (different !== undefined) {
    throw new RangeError(`"into" expected a ticket of the same random network, got ${path}: ${different}`)
  }
  const contents = await readMasks(path)
  const stored = contents[0].coding ?? 'bits'
  const isOld = contents[0].layout === 'separate'
  if (coding !== undefined && coding !== stored) {
    throw new RangeError(`"coding" expected ${stored}, as the masks of ${path} are stored, got ${coding}`)
  }
  const there = contents.find(({ maskName }) => maskName === mask)
  if (there === undefined) return { coding: stored, isOld }
  const replaced = hashOfMask(there)
  if (!ours.includes(replaced) && !force) {
    throw new InputError(`${path}: holds a mask ${mask} already (--force replaces it, --mask names another)`)
  }
  return { coding: stored, replaced, isOld }
}

/**
 * Adds a mask to a file, which is read again under a lock: other searches may have added theirs meanwhile.
 * @param replaceable hashes of masks of the same name that may be replaced
 * @returns the size of the whole file in bytes, and its hash
 * @throws InputError when another mask has that name by now; RangeError when the file is of another network by now
 */
export async function addMask(
  path: string,
  content: SearchedContent,
  replaceable: readonly (string | undefined)[],
): Promise<{ bytes: number; sha256: string }> {
  const lock = await takeLock(`${path}.slt-lock`)
  try {
    const contents = await readMasks(path)
    const place = contents.findIndex(({ maskName }) => maskName === content.maskName)
    if (place >= 0 && !replaceable.includes(hashOfMask(contents[place]))) {
      throw new InputError(`${path}: has another mask ${content.maskName} by now, which stays`)
    }
    const all = place < 0 ? [...contents, content] : contents.with(place, content)
    const encoded = encodeMasks(inOneFile(all), nodeSha256, nodeDeflate)
    await lock.assertHeld()
    await writeAtomically(path, (sink) => sink.write(0, encoded.bytes), { replaces: 'anything' })
    return { bytes: encoded.bytes.length, sha256: encoded.sha256 }
  } finally {
    await lock.release()
  }
}

/** Masks of one file name the same streams of scores. Where theirs differ, none is named; the masks stay what they are. */
function inOneFile(contents: readonly SearchedContent[]): SearchedContent[] {
  const scores = contents[0].matrices.map(({ scores: stream = null }, i) =>
    contents.every(({ matrices }) => (matrices[i].scores ?? null) === stream) ? stream : null,
  )
  return contents.map((content) => ({
    ...content,
    layout: 'packed',
    matrices: content.matrices.map((matrix, i) => ({ ...matrix, scores: scores[i] })),
  }))
}
