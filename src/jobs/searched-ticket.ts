import { nodeDeflate } from '../engine/node.js'
import { encodeProbedTicket } from '../engine/probed-ticket.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import { writeAtomically } from '../files/files.js'
import type { Replaces } from '../files/place-file.js'
import { nodeSha256 } from '../files/sha256.js'
import type { GraphRunner } from '../graph/index.js'
import type { SearchedContent } from '../ticket/index.js'

/**
 * Writes a searched ticket. The network is rebuilt from the ticket and run once before anything goes to disk; the logits
 * that it gives are the ticket's probe. The file is replaced whole, or stays as it was.
 * @param found what the search found
 * @param tokens of the probe: at most the first 16 are run
 * @param runner runs the probe
 * @param options.replaces what may be at the path already; default: nothing
 * @param options.onEncoded is told the ticket's hash before the file is at its path
 * @returns the size of the file in bytes, and its hash
 * @throws TypeError or RangeError when the content is unsound; InputError when the logits are not finite, or the file
 *   cannot be written
 */
export async function writeSearchedTicket(
  path: string,
  found: Omit<SearchedContent, 'probe'>,
  tokens: ArrayLike<number>,
  runner: GraphRunner,
  { replaces, onEncoded }: { replaces?: Replaces; onEncoded?(sha256: string): Promise<void> } = {},
): Promise<{ bytes: number; sha256: string }> {
  const { bytes, sha256 } = await encodeTicket(path, found, tokens, runner)
  await onEncoded?.(sha256)
  await writeAtomically(path, (sink) => sink.write(0, bytes), { replaces })
  return { bytes: bytes.length, sha256 }
}

/** A searched ticket with its probe as the bytes of its file; see {@link writeSearchedTicket}. */
export const encodeTicket = (
  path: string,
  found: Omit<SearchedContent, 'probe'>,
  tokens: ArrayLike<number>,
  runner: GraphRunner,
) =>
  encodeProbedTicket(path, found, tokens, {
    runner,
    createSha256: nodeSha256,
    rebuild: rebuildTicket,
    deflate: nodeDeflate,
  })
