import { basename } from 'node:path'
import { familyOf } from '../families/index.js'
import type { ExportRequest } from './export-request.js'
import type { ModelSource } from './model-source.js'

/** What a model card says of a model, a sentence a line. */
export function aboutModel(source: ModelSource, { heads = 'exact', bits }: ExportRequest): string[] {
  const { name, kind } = source
  return [
    ...(kind === 'trained' ? [`Trained by \`slt train\`: \`${name}\`.`] : originOf(source, heads)),
    ...(bits === 2 ? ['Its matrices hold two bits a weight, without loss.'] : []),
    ...(bits && bits !== 2 ? [`The weights of its linear maps are rounded to ${bits} bits.`] : []),
  ]
}

function originOf({ kind, ticket, name, config }: ModelSource, heads: string): string[] {
  if (ticket === null)
    return [`Exported from the ${kind === 'gguf' ? 'GGUF file' : 'Hugging Face folder'} \`${name}\`.`]
  const from = `seed ${ticket.seed}, ticket ${ticket.sha256.slice(0, 16)}`
  if (ticket.kind !== 'searched') {
    const form =
      heads === 'exact'
        ? 'The matrices of its heads have full rank: the model is larger than the target, and computes the same.'
        : 'The matrices of its heads have full rank; here they are replaced by the closest ones of low rank.'
    return [
      `A strong lottery ticket (${from}): random matrices, pruned by subset sums to act as a trained ${familyOf(config).title}.`,
      form,
    ]
  }
  const { search, matrices } = ticket.metadata
  const count = matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  const kept = matrices.reduce((sum, matrix) => sum + matrix.kept, 0)
  const share = ((100 * kept) / count).toFixed(2)
  const found = search ? ` Found by ${search.algorithm} on ${search.corpus.name} in ${search.steps} steps.` : ''
  return [
    `A strong lottery ticket (${from}): random weights, none of them trained; a mask keeps ${share} % of ${count}.${found}`,
    'Dropped weights are stored as zeros here; the ticket itself is a seed and a mask.',
  ]
}

/** The command that exports the same again. */
export function commandOf(source: ModelSource, request: ExportRequest): string {
  const flags = [
    ['heads', source.kind === 'pruned' ? (request.heads ?? 'exact') : undefined],
    ['dtype', request.dtype],
    ['bits', request.bits],
    ['tokenizer', request.tokenizer == null ? undefined : shellWord(basename(request.tokenizer))],
  ] as const
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
  const words = ['slt export', shellWord(basename(source.path)), '--to', request.to, ...given]
  return [...words, shellWord(basename(request.out))].join(' ')
}

const shellWord = (word: string): string => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
