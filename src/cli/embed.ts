import type { Command } from 'commander'
import type { EmbedReport } from '../jobs/embed.js'
import { BadUsage } from './failure.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { count, createTerminal, type Terminal, table } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { integer } from './values.js'

interface EmbedFlags extends MaskFlags, MemoryFlags {
  text?: string[]
  data?: string
  out?: string
  force?: boolean
  tokenizer?: string
  batch?: number
  threads?: number
  json?: boolean
}

const help = `
Examples:
  slt embed minilm-folder --text "A cat sits on a mat." --text "A kitten rests on a rug."
  slt embed minilm.slt.safetensors --tokenizer minilm-folder --data lines.txt --out vectors.npy

A text becomes one vector, as sentence-transformers makes it: its files in the folder say how hidden states are pooled, whether vectors get
length 1, and how many tokens are read (of longer texts the first ones). A folder without such files: the mean, its length as it is. A
ticket of a pruned encoder has no tokenizer: --tokenizer names the folder that it was pruned from. --data has a text a line; none may be
empty. --out writes a matrix, a row a text: .npy for NumPy, .json as lists. Of exactly two texts the similarity is printed, their cosine.`

/** Adds `slt embed`. */
export function addEmbed(program: Command): void {
  program
    .command('embed')
    .description("sentence embeddings by an encoder, a ticket's or a folder's (BERT)")
    .argument('<model>', 'a ticket, a file of slt train, or a Hugging Face folder')
    .option('--text <text>', 'a text; may be given again', (text: string, before: string[] = []) => [...before, text])
    .option('--data <file>', 'a text file with a text a line')
    .option('--out <file>', 'where the vectors go: a file named .npy or .json')
    .option('--force', 'replace what is there')
    .addOption(tokenizerOption("(default: the folder's)"))
    .option(
      '--batch <n>',
      'most texts at a time: time and memory, not the result (default: 32, of a pruned ticket 128)',
      integer('batch', 1),
    )
    .option('--threads <n>', 'threads of an operator', integer('threads', 1, 1024))
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object, with the vectors unless --out has them')
    .addHelpText('after', help)
    .action(runEmbed)
}

async function runEmbed(model: string, flags: EmbedFlags): Promise<void> {
  const { data, out, force, tokenizer } = flags
  if ((flags.text === undefined) === (data === undefined)) {
    throw new BadUsage('slt embed takes texts, either by --text or by --data')
  }
  const terminal = createTerminal(flags)
  const [{ embedTexts }, { cosine }, { readTextLines }, { assertWritable }] = await Promise.all([
    import('../jobs/embed.js'),
    import('../jobs/embed-tokens.js'),
    import('../files/text-lines.js'),
    import('../files/output-path.js'),
  ])
  const form = formOf(out)
  const inputs = [model, ...(data === undefined ? [] : [data]), ...(tokenizer === undefined ? [] : [tokenizer])]
  const replaces = out === undefined ? 'nothing' : await assertWritable(out, { inputs, force })
  const progress = createProgress('texts')
  try {
    await interruptible(async (signal) => {
      const texts = flags.text ?? (await readTextLines(data!, signal))
      const report = await embedTexts({
        ...flags,
        model,
        texts,
        signal,
        onNote: (line) => terminal.note(line),
        onProgress: (done, total) => progress.update(done, total, data ?? 'texts'),
      })
      progress.stop()
      const { vectors, ...facts } = report
      const rows = rowsOf(report)
      if (out !== undefined) await write(out, form!, report, replaces)
      const similarity = rows.length === 2 ? cosine(rows[0], rows[1]) : null
      print(terminal, texts, report, similarity, out)
      const written = out === undefined ? { vectors: rows.map((row) => Array.from(row)) } : { out }
      terminal.result({ ...facts, similarity, ...written })
    })
  } finally {
    progress.stop()
  }
}

/** The format of a file by its name. @throws RangeError for another one */
function formOf(out: string | undefined): 'npy' | 'json' | undefined {
  if (out === undefined) return undefined
  const [, form] = /\.(npy|json)$/i.exec(out) ?? []
  if (form === undefined)
    throw new RangeError(`"out" expected a file named .npy or .json, got ${out || 'an empty text'}`)
  return form.toLowerCase() as 'npy' | 'json'
}

const rowsOf = ({ vectors, width, texts }: EmbedReport): Float32Array[] =>
  Array.from({ length: texts }, (_, i) => vectors.subarray(i * width, (i + 1) * width))

async function write(
  out: string,
  form: 'npy' | 'json',
  report: EmbedReport,
  replaces: 'nothing' | 'anything' | { readonly stamp: string },
): Promise<void> {
  const [{ writeNpy }, { writeTextAtomically }] = await Promise.all([
    import('../files/npy.js'),
    import('../files/files.js'),
  ])
  if (form === 'npy') return writeNpy(out, report.vectors, report.texts, replaces)
  const lines = rowsOf(report).map((row) => `[${row.join(',')}]`)
  await writeTextAtomically(out, `[\n${lines.join(',\n')}\n]\n`, { replaces })
}

/** Texts that are shown, and numbers of each. */
const SHOWN = { texts: 8, numbers: 4, letters: 40 }

function print(
  terminal: Terminal,
  texts: readonly string[],
  report: EmbedReport,
  similarity: number | null,
  out: string | undefined,
): void {
  const { width, pooling, normalise, maxLength, tokens } = report
  if (out === undefined) {
    const rows = rowsOf(report).slice(0, SHOWN.texts)
    const beginning = (row: Float32Array) => Array.from(row.subarray(0, SHOWN.numbers), (value) => value.toFixed(4))
    terminal.print(
      table(
        terminal.colour,
        ['text', `the first of ${width} numbers`],
        rows.map((row, i) => [shortened(texts[i]), beginning(row).join(' ')]),
      ),
    )
    const more = texts.length - rows.length
    if (more > 0) terminal.print(`and ${count(more)} more: --out writes all numbers`)
  } else terminal.print(`${out}: ${count(texts.length)} x ${width} float32`)
  const length = normalise ? 'length 1' : 'length as it is'
  terminal.print(
    `${count(texts.length)} ${texts.length === 1 ? 'text' : 'texts'}, ${count(tokens)} tokens; ${pooling} pooling, ${length}, at most ${maxLength} tokens a text`,
  )
  if (similarity !== null) terminal.print(terminal.colour.bold(`similarity ${similarity.toFixed(4)}`))
}

const shortened = (text: string): string => {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  return line.length > SHOWN.letters ? `${line.slice(0, SHOWN.letters - 3)}...` : line
}
