import { bytesText } from '../inspect/bytes-text.js'
import { modelText } from './inspect-tables.js'
import { count, createTerminal, table } from './terminal.js'

/** `slt inspect` of a GGUF file: what it holds, and how. */
export async function inspectGgufFile(
  path: string,
  flags: { readonly json?: boolean; readonly plot?: string; readonly memoryLimit?: number },
): Promise<void> {
  if (flags.plot !== undefined) throw new RangeError(`"plot" expected a ticket with masks, got ${path} without any`)
  const { inspectGguf } = await import('../jobs/inspect-gguf.js')
  const terminal = createTerminal(flags)
  const report = await inspectGguf(path, flags)
  for (const warning of report.warnings) terminal.note(warning)
  const { architecture, config, bytes, tokenizer, types } = report
  const about = report.metadata['general.description']
  const facts = [
    ['kind', `GGUF file, architecture ${architecture}`],
    ['model', modelText(config)],
    ['tokenizer', tokenizer === 'other' ? String(report.metadata['tokenizer.ggml.model']) : (tokenizer ?? 'none')],
    ...(typeof about === 'string' && about !== '' ? [['about', about]] : []),
    ['bytes', bytesText(bytes)],
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  for (const [name, value] of facts) terminal.print(`${name.padEnd(width)}  ${value}`)
  terminal.print()
  const rows = types.map((own) => [
    own.type,
    count(own.tensors),
    count(own.numbers),
    bytesText(own.bytes),
    ((8 * own.bytes) / own.numbers).toFixed(3),
  ])
  terminal.print(table(terminal.colour, ['stored as', 'tensors', 'numbers', 'bytes', 'bits a number'], rows))
  terminal.result({ file: path, ...report })
}
