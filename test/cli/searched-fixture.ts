import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { writeSearchedTicket } from '../../src/jobs/searched-ticket.js'
import type { SearchedContent } from '../../src/ticket/index.js'
import { randomContent, runnableConfig, summary } from '../ticket/searched-example.js'

/** Writes a text, and a random ticket whose search read that text. */
export async function writeSearched(folder: string, change: Partial<SearchedContent> = {}) {
  const text = join(folder, 'text.txt')
  const content = Array.from({ length: 300 }, (_, i) => `line ${(i * 7919) % 541}\n`).join('')
  await writeFile(text, content)
  const ticket = join(folder, 'random.slt.safetensors')
  const sha256 = createHash('sha256').update(content).digest('hex')
  const search = { ...summary, corpus: { ...summary.corpus, sha256 } }
  const found = { ...randomContent(runnableConfig), search, ...change }
  await writeSearchedTicket(ticket, found, [108, 105], createGraphRunner({ threads: 1 }))
  return { ticket, text, bytes: new TextEncoder().encode(content) }
}
