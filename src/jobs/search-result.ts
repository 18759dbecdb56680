import { stat } from 'node:fs/promises'
import { lossParameters, storedTensors, weightsOf } from '../families/index.js'
import { type ByteSink, openFile, writeAtomically } from '../files/files.js'
import type { Replaces } from '../files/place-file.js'
import type { RunRecord } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { TRAINED_KEY } from '../files/trained-file.js'
import { float32Bytes, InputError, openSafetensors, planSafetensors } from '../safetensors/index.js'
import { differences } from '../search/fingerprint.js'
import { foundTicket } from '../search/found-ticket.js'
import type { Validation } from '../search/run.js'
import type { SearchSession } from '../search/session.js'
import { openTicket } from '../ticket/index.js'
import { addMask, hashOfMask, maskOf, readMasks } from './mask-file.js'
import { encodeTicket, writeSearchedTicket } from './searched-ticket.js'

/** A run at its end. */
export interface EndedRun {
  readonly session: SearchSession
  readonly record: RunRecord
  /** What the result may replace. */
  readonly replaces: Replaces
  /** Keeps a changed record in the run's folder. */
  keep(record: RunRecord): Promise<void>
}

/**
 * Writes what a run was for: a ticket, or the dense model.
 * @returns the size of the file in bytes
 */
export async function writeResult(run: EndedRun, validation: Validation): Promise<number> {
  await (run.session.settings.kind === 'search' ? writeTicket : writeDense)(run, validation)
  return (await stat(run.record.out)).size
}

async function writeTicket({ session, record, replaces, keep }: EndedRun, validation: Validation): Promise<void> {
  const found = foundTicket(session, {
    name: record.name,
    coding: record.coding,
    steps: session.settings.steps,
    validLoss: validation.validLoss,
  })
  const named = record.mask === undefined ? found : { ...found, maskName: record.mask }
  // Kept first: a process that is killed after the file is written would not know its own ticket again.
  const onEncoded = (sha256: string) => keep({ ...record, ticket: sha256 })
  const { corpus, runner } = session
  if (!record.into) {
    await writeSearchedTicket(record.out, named, corpus.valid, runner, { replaces, onEncoded })
    return
  }
  const { bytes } = await encodeTicket(record.out, named, corpus.valid, runner)
  const content = await maskOf(bytes, record.out)
  const own = hashOfMask(content)
  await onEncoded(own)
  await addMask(record.out, content, [own, record.ticket, record.replaced])
}

/**
 * Whether a file is the result of a run: the ticket whose hash the run has kept, a file with its mask, or a dense model that names the run's settings and corpus.
 * @param path of a file
 */
export async function isResultOf(path: string, { identity, ticket, mask, into }: RunRecord): Promise<boolean> {
  const source = await openFile(path)
  try {
    if (into) return (await readMasks(path)).some((own) => own.maskName === mask && hashOfMask(own) === ticket)
    if (identity.settings.kind === 'search') return (await openTicket(source, nodeSha256)).sha256 === ticket
    const text = (await openSafetensors(source)).metadata.get(TRAINED_KEY) ?? '{}'
    const { settings = {}, corpus = '', specialTokens, tokenizer } = JSON.parse(text)
    const found = { settings, corpus, ...(specialTokens && { specialTokens }), ...(tokenizer && { tokenizer }) }
    return differences(found, identity) === undefined
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) return false // another file
    throw error
  } finally {
    await source.close()
  }
}

/**
 * A dense model under Hugging Face names (float32, biases 0, gains 1 where norms are plain); its configuration and the
 * settings it was trained with are JSON in the file's metadata.
 */
async function writeDense({ session, record, replaces }: EndedRun, validation: Validation): Promise<void> {
  const { out, identity } = record
  const { settings, memory } = session
  const own = weightsOf(lossParameters(settings), (name) => memory.matrix(name).effective)
  const weights = [...storedTensors(settings.config, own)]
  const text = JSON.stringify({ version: '1', ...identity, ...validation })
  const plans = weights.map(([name, { shape }]) => ({ name, dtype: 'F32' as const, shape }))
  const layout = planSafetensors(plans, { [TRAINED_KEY]: text })
  const write = async (sink: ByteSink) => {
    await sink.write(0, layout.header)
    for (const [name, { data }] of weights) await sink.write(layout.tensors.get(name)!.byteOffset, float32Bytes(data))
  }
  await writeAtomically(out, write, { replaces })
}
