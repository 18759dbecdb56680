import { stat } from 'node:fs/promises'
import { float32Bytes, planSafetensors } from '../safetensors/index.js'
import { foundTicket } from '../search/found-ticket.js'
import { huggingFaceWeights } from '../search/hugging-face-weights.js'
import type { Validation } from '../search/run.js'
import type { SearchSession } from '../search/session.js'
import { writeAtomically } from './files.js'
import type { RunRecord } from './run-record.js'
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
  const found = foundTicket(session, {
    name: record.name,
    coding: record.coding,
    steps: session.settings.steps,
    validLoss: validation.validLoss,
  })
  await writeSearchedTicket(record.out, found, session.corpus.valid, session.runner)
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
