import { stat } from 'node:fs/promises'
import { float32Bytes, planSafetensors } from '../safetensors/index.js'
import { huggingFaceWeights } from '../search/hugging-face-weights.js'
import { randomMatrices } from '../search/random-network.js'
import type { Validation } from '../search/run.js'
import { scoreStream } from '../search/streams.js'
import { writeAtomically } from './files.js'
import type { RunRecord } from './run-record.js'
import type { SearchSession } from './search-session.js'
import { writeSearchedTicket } from './searched-ticket.js'
import { TRAINED_KEY } from './trained-file.js'

/**
 * Writes what a run was for: a ticket, or the dense model.
 * @returns the size of the file in bytes
 */
export async function writeResult(session: SearchSession, record: RunRecord, validation: Validation): Promise<number> {
  await (session.settings.kind === 'search' ? writeTicket : writeDense)(session, record, validation)
  return (await stat(record.out)).size
}

async function writeTicket(session: SearchSession, record: RunRecord, validation: Validation): Promise<void> {
  const { settings, memory, algorithm, corpus } = session
  const { config, norms, seed, tokenizer } = settings
  const { ticket, generations } = algorithm
  if (!ticket) throw new Error('a search has masks')
  const { algorithm: name, keep, selection, qkScale, initialisation, steps, batch } = settings
  await writeSearchedTicket(
    record.out,
    {
      seed: BigInt(seed),
      config,
      norms,
      tokenizer: tokenizer === 'letters' ? null : tokenizer,
      coding: record.coding,
      matrices: randomMatrices(settings).map(({ name: matrix, stream, init }, i) => {
        const own = { name: matrix, stream, init, scores: scoreStream(i) }
        return { ...own, mask: ticket.mask(matrix), generations: generations?.(matrix) }
      }),
      dense: new Map(memory.dense.map((norm) => [norm.name, norm.effective])),
      search: {
        algorithm: name,
        keep,
        selection,
        qkScale,
        initialisation,
        steps,
        batch,
        length: config.positions,
        tokens: steps * batch * config.positions,
        validLoss: validation.validLoss,
        corpus: { name: record.name, sha256: corpus.sha256, tokenizer },
      },
    },
    corpus.valid,
    session.runner,
  )
}

/**
 * A dense model under Hugging Face names (float32, biases 0, gains 1 where norms are plain); its configuration and the
 * settings it was trained with are JSON in the file's metadata.
 */
async function writeDense(session: SearchSession, { out, identity }: RunRecord, validation: Validation): Promise<void> {
  const { settings, memory } = session
  const weights = [...huggingFaceWeights(settings, (name) => memory.matrix(name).effective)]
  const text = JSON.stringify({ version: '1', ...identity, ...validation })
  const plans = weights.map(([name, { shape }]) => ({ name, dtype: 'F32' as const, shape }))
  const layout = planSafetensors(plans, { [TRAINED_KEY]: text })
  await writeAtomically(out, async (sink) => {
    await sink.write(0, layout.header)
    for (const [name, { data }] of weights) await sink.write(layout.tensors.get(name)!.byteOffset, float32Bytes(data))
  })
}
