import type { Command } from 'commander'
import { familyOf } from '../families/index.js'
import { attentionSpecs } from '../families/tape.js'
import { bytesText } from '../inspect/bytes-text.js'
import type { GgufType, HeadForm } from '../interop/index.js'
import type { ExportForm, ExportReport } from '../jobs/export-request.js'
import { exportQr, exportUrl, type TextForm, textForms, textHelp } from './export-text.js'
import { interruptible } from './interrupt.js'
import { type MaskFlags, maskOption } from './mask-option.js'
import { type MemoryFlags, memoryOption } from './memory-option.js'
import { createProgress } from './progress.js'
import { count, createTerminal, short, type Terminal } from './terminal.js'
import { tokenizerOption } from './tokenizer-option.js'
import { requiredOption } from './usage.js'
import { integer, oneOf } from './values.js'

interface ExportFlags extends MaskFlags, MemoryFlags {
  to: ExportForm | TextForm
  dtype?: 'fp32' | 'fp16' | 'bf16'
  type?: GgufType
  heads?: HeadForm
  bits?: '2' | '4' | '8'
  batch?: number
  length?: number
  weights?: 'initializers' | 'inputs'
  tokenizer?: string
  force?: boolean
  page?: string
  lean?: boolean
  json?: boolean
}

/** Options that only some forms have. */
const belongs: readonly (readonly [keyof ExportFlags, readonly (ExportForm | TextForm)[]])[] = [
  ['dtype', ['huggingface']],
  ['type', ['gguf']],
  ['heads', ['huggingface', 'onnx', 'onnx-training', 'gguf']],
  ['bits', ['onnx']],
  ['batch', ['onnx-training']],
  ['length', ['onnx-training']],
  ['weights', ['onnx-training']],
  ['tokenizer', ['huggingface', 'onnx', 'gguf']],
  ['force', ['huggingface', 'onnx', 'onnx-training', 'gguf', 'qr']],
  ['page', textForms],
  ['lean', textForms],
]

const help = `
Examples:
  slt export play.slt.safetensors play --to huggingface
  slt export play.slt.safetensors play-js --to onnx
  slt export play.slt.safetensors play.onnx --to onnx --bits 4
  slt export play.slt.safetensors step.onnx --to onnx-training --batch 8 --length 128
  slt export play.slt.safetensors play.gguf --to gguf --type tq2_0
  slt export sorter.slt.safetensors sorter --to huggingface --heads factored
  slt export pruned.slt.safetensors pruned --to onnx --tokenizer target-folder
  slt export examples/sorter-qr/sorter.slt.safetensors --to url --page https://example.org/slt/
  slt export examples/sorter-qr/sorter.slt.safetensors sorter.svg --to qr --lean

huggingface     a folder for transformers' AutoModelForCausalLM, of an encoder AutoModel: safetensors, configuration, tokenizer
onnx            a graph with a cache of keys and values (of an encoder without): a .onnx file alone, or a folder as transformers.js loads it
onnx-training   a .onnx file that gives the loss and every weight's gradient
gguf            a .gguf file for llama.cpp and what is built on it (Ollama, LM Studio), of a GPT-2 or a Llama, with its tokenizer
${textHelp}

The matrices of a pruned ticket's heads have full rank, so no head of the target's width holds them. --heads exact writes a larger model that computes
the same: as many times as wide as it has heads (GPT-2, BERT), or of more heads (Llama). --heads factored keeps the target's shape and replaces each
matrix by the closest one of low rank; heads of slt prune --attention rotary have this form alone.
--force replaces a file, or a folder that holds nothing but a model.`

/** Adds `slt export`. */
export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description(
      'write a ticket, or a Hugging Face folder, as a model that other software loads; a small ticket as text',
    )
    .argument('<ticket>', 'a ticket, a file of slt train, a Hugging Face folder, or a GGUF file')
    .argument('[out]', "the folder or file to write; of a QR code by default the ticket's name with .svg")
    .addOption(
      requiredOption(
        '--to <form>',
        'huggingface, onnx, onnx-training, gguf, url or qr',
        oneOf('to', ['huggingface', 'onnx', 'onnx-training', 'gguf', ...textForms]),
      ),
    )
    .option(
      '--dtype <t>',
      'fp32, fp16 or bf16, of a Hugging Face folder (default: fp32)',
      oneOf('dtype', ['fp32', 'fp16', 'bf16']),
    )
    .option(
      '--type <t>',
      'f32, f16, q8_0, tq2_0 or tq1_0, of a GGUF file (default: f32); tq2_0 and tq1_0 hold signed constants without loss',
      oneOf('type', ['f32', 'f16', 'q8_0', 'tq2_0', 'tq1_0']),
    )
    .option(
      '--heads <h>',
      'exact or factored, of a pruned ticket (default: exact; of rotary attention factored)',
      oneOf('heads', ['exact', 'factored']),
    )
    .option(
      '--bits <n>',
      '8 or 4 bits a weight of the linear maps, of an ONNX graph; 2 of all matrices of a ticket of signed constants, exactly (default: float32)',
      oneOf('bits', ['8', '4', '2']),
    )
    .option('--batch <n>', "sequences of a training graph (default: the search's, or 8)", integer('batch', 1))
    .option(
      '--length <n>',
      "tokens a sequence of a training graph (default: the model's context)",
      integer('length', 1),
    )
    .option(
      '--weights <w>',
      'of a training graph: initializers (default) or inputs',
      oneOf('weights', ['initializers', 'inputs']),
    )
    .addOption(tokenizerOption('for a model that names none'))
    .option('--page <address>', 'a page that opens the ticket, of a link or QR code')
    .option('--lean', 'a link or QR code without the probe and how the masks were found')
    .option('--force', 'replace what is there')
    .addOption(maskOption())
    .addOption(memoryOption())
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action(async (source: string, out: string | undefined, flags: ExportFlags) => {
      for (const [name, forms] of belongs) {
        if (flags[name] === undefined || forms.includes(flags.to)) continue
        command.error(`slt: --${name} goes with --to ${forms.join(' or ')}`, { exitCode: 2 })
      }
      const { to } = flags
      if (to === 'url' && out !== undefined) {
        command.error('slt: --to url prints the link, and takes no file', { exitCode: 2 })
      }
      if (to === 'url') return exportUrl(source, flags)
      if (to === 'qr') return exportQr(source, out, flags)
      if (out === undefined) return command.error("slt: missing required argument 'out'", { exitCode: 2 })
      const terminal = createTerminal(flags)
      const report = await runExport(source, out, { ...flags, to })
      await printReport(terminal, report)
      terminal.result(report)
    })
}

async function runExport(
  source: string,
  out: string,
  { bits, ...flags }: ExportFlags & { to: ExportForm },
): Promise<ExportReport> {
  const { exportModel, HEADS } = await import('../jobs/export-model.js')
  const heads = createProgress('heads')
  const bytes = createProgress('bytes')
  try {
    return await interruptible((signal) =>
      exportModel({
        ...flags,
        source,
        out,
        bits: bits === undefined ? undefined : (Number(bits) as 2 | 4 | 8),
        signal,
        onProgress(done, total, what) {
          if (what === HEADS) return heads.update(done, total, source)
          heads.stop()
          bytes.update(done, total, what)
        },
      }),
    )
  } finally {
    heads.stop()
    bytes.stop()
  }
}

async function printReport(terminal: Terminal, report: ExportReport): Promise<void> {
  const { out, files, bytes, config, tokenizer, kind, heads, results, resultDifference } = report
  for (const warning of report.warnings) terminal.note(warning)
  terminal.print(terminal.colour.bold(out))
  if (files.length > 1) for (const file of files) terminal.print(`  ${file.path.padEnd(26)} ${bytesText(file.bytes)}`)
  const { layers, width, positions, vocabulary } = config
  terminal.print(
    `${bytesText(bytes)}; ${layers} layers, width ${count(width)}, ${config.heads} heads, context ${count(positions)}, ${count(vocabulary)} tokens`,
  )
  if (heads !== null) {
    const form = heads === 'exact' ? 'exact heads' : `heads of rank ${attentionSpecs(config)[0].headWidth}`
    terminal.print(
      `${form}: largest difference from the ${results} of the ticket, run literally: ${short(resultDifference)}`,
    )
  }
  if (tokenizer === null && files.length > 1 && !files.some(({ path }) => path === 'tokenizer.json')) {
    const { tokenizerAdvice } = await import('../jobs/missing-tokenizer.js')
    const what = kind === 'folder' ? 'folder has' : 'ticket names'
    terminal.note(`no tokenizer: the ${what} none; ${tokenizerAdvice(config.vocabulary, familyOf(config).task)}`)
  }
}
