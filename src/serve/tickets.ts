/** Tickets as a list shows them: what the header says, read once for each version of a file. */
import type { BaseConfig } from '../families/config.js'
import { InputError, openSafetensors } from '../safetensors/index.js'
import { METADATA_KEY } from '../ticket/head.js'
import { ticketOutline } from '../ticket/metadata.js'
import type { TicketAnswer } from './answers.js'
import type { Entry } from './catalog.js'
import { type OpenedFile, readPart, withFile } from './open-inside.js'

type Described = Pick<TicketAnswer, 'kind' | 'model' | 'error'>
type Headers = Map<string, { readonly tag: string; readonly described: Described }>

export const createHeaders = (): Headers => new Map()

/** A longer header is not read for a list. */
const HEADER = 2 ** 23

/** Describes a ticket; undefined where it has vanished. */
export function describeTicket({ id, name, root, path }: Entry, headers: Headers): Promise<TicketAnswer | undefined> {
  return withFile(root, path, async (file) => {
    const known = headers.get(id)
    const described = known?.tag === file.tag ? known.described : await readHeader(file)
    headers.set(id, { tag: file.tag, described })
    return { id, name, bytes: file.size, modified: file.modified, ...described }
  })
}

async function readHeader(file: OpenedFile): Promise<Described> {
  try {
    const prefix = await readPart(file, 0, 8)
    if (prefix.length === 8 && prefix.readBigUInt64LE() > BigInt(HEADER)) throw new InputError('the header is too long')
    const { metadata } = await openSafetensors({
      name: 'it',
      size: file.size,
      async read(offset, length) {
        const bytes = await readPart(file, offset, offset + length)
        if (bytes.length < length) throw new InputError('it changed while being read')
        return bytes
      },
    })
    const text = metadata.get(METADATA_KEY)
    if (text === undefined) throw new InputError('no ticket, but another safetensors file')
    const { kind, config } = ticketOutline(text)
    return { kind, model: config ? modelText(config) : null, error: null }
  } catch (error) {
    return { kind: null, model: null, error: (error as Error).message.replace(/^it: /, '') }
  }
}

const modelText = ({ layers, width, heads, positions }: BaseConfig): string =>
  `${several(layers, 'layer')}, width ${width}, ${several(heads, 'head')}, context ${positions}`

const several = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
