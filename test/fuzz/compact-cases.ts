/** Links and QR codes whose bytes are wrong. */
import { nodeSha256 } from '../../src/files/sha256.js'
import { decodeCompact, encodeCompact } from '../../src/ticket/compact.js'
import { createFieldWriter } from '../../src/ticket/compact-fields.js'
import { readTicketText, ticketLink, toDigits } from '../../src/ticket/ticket-text.js'
import { searched } from '../ticket/compact-example.js'
import { dressedContent } from '../ticket/packed-example.js'
import { encode, exampleContent, openSearched, randomContent, smallConfig } from '../ticket/searched-example.js'
import type { CaseRandom } from './case-random.js'
import { changedBytes } from './changes.js'

const contents = [
  exampleContent(),
  searched(0.3, 'bits'),
  searched(0.3, 'range'),
  searched(1 / 3, 'range', { probe: null, search: null }),
  randomContent({ ...smallConfig, layers: 2, tiedHead: false }, { norms: 'learned', redrawn: 6 }),
  randomContent(smallConfig, { redrawn: 255 }),
  dressedContent(
    smallConfig,
    { coats: [0.7, 0.5], inverted: 0.4, scale: 0.5, rows: 2 },
    { norms: 'gains', redrawn: 3 },
  ),
  dressedContent(smallConfig, { rows: 2, shared: true }),
]
const originals = await Promise.all(
  contents.map(async (content) => (await encodeCompact(await openSearched(encode(content)), nodeSha256)).bytes),
)

/** An integer as the head has them, in place of a byte. */
function otherInteger(random: CaseRandom, bytes: Uint8Array): Uint8Array {
  const fields = createFieldWriter()
  const power = 2 ** random.next(random.next(4) === 0 ? 53 : 14)
  fields.integer('n', power - random.next(2))
  const integer = fields.done()
  const at = random.next(Math.min(bytes.length, 24)) // the head
  return Uint8Array.of(...bytes.subarray(0, at), ...integer, ...bytes.subarray(at + 1))
}

const change = (random: CaseRandom, bytes: Uint8Array): Uint8Array =>
  random.next(3) === 0 ? otherInteger(random, bytes) : changedBytes(random, bytes)

/** The text of a case as bytes: a link, digits, or either with wrong characters. */
export function compactCase(random: CaseRandom): Uint8Array {
  const bytes = change(random, random.one(originals))
  const text = bytes[0] > 0 && random.next(4) === 0 ? toDigits(bytes) : ticketLink(bytes)
  const encoded = new TextEncoder().encode(text)
  return random.next(5) === 0 ? changedBytes(random, encoded) : encoded
}

/** Reads a text. @throws InputError where it is refused */
export async function readCompact(bytes: Uint8Array): Promise<void> {
  decodeCompact('x', readTicketText('x', new TextDecoder('latin1').decode(bytes)), nodeSha256)
}
