import type { BaseConfig } from '../families/config.js'
import { familyOf, matricesOf } from '../families/family.js'
import { hasRowPerToken, normKinds } from '../families/parameter.js'
import { initialisationScale } from '../random/index.js'
import { quoted } from '../safetensors/strict-json.js'
import { assertDistinct, assertInteger, assertOneOf, isRecord, sameShape } from './check.js'
import { assertName } from './corpus-name.js'
import { assertConfig, assertDense, assertModelProbe, assertProbe, assertSeed } from './fields.js'
import { MATRIX_LIMIT } from './pair.js'
import {
  COAT_LIMIT,
  GENERATION_LIMIT,
  GENERATION_STRIDE,
  type SearchedMatrix,
  type SearchedMetadata,
  type SearchSummary,
  searchedDense,
  ticketTokenizers,
} from './searched.js'

/** Scales beyond this are refused: products of such weights leave float32. */
export const SCALE_LIMIT = 2 ** 32

/** Checks the metadata of a searched ticket. */
export function assertSearchedMetadata(metadata: SearchedMetadata): void {
  const { version, seed, config, norms, tokenizer, matrices, dense, search, probe } = metadata
  assertSeed(seed)
  assertConfig(config)
  // Gains without shifts are of version 4.
  assertOneOf('"norms"', norms, version === '4' ? normKinds : normKinds.slice(0, 2))
  assertTokenizer(tokenizer, config)
  if (!Array.isArray(matrices) || !Array.isArray(dense)) throw new TypeError('"matrices" and "dense" expected lists')
  assertMatrices(metadata)
  assertSharedRow(metadata)
  for (const spec of dense) assertDense(spec)
  assertNorms(metadata)
  if (search !== null) assertSummary(search)
  if (probe === null) return
  assertProbe(probe)
  assertModelProbe(probe, config)
}

/** The tokens that a model of a tokenizer has: an encoder one more than the tokenizer, the mask, which is its last. */
export function vocabularyOf(tokenizer: keyof typeof ticketTokenizers, config: BaseConfig): number {
  return ticketTokenizers[tokenizer] + (familyOf(config).task === 'encoder' ? 1 : 0)
}

function assertTokenizer(tokenizer: SearchedMetadata['tokenizer'], config: BaseConfig): void {
  if (tokenizer === null) return
  assertOneOf('"tokenizer"', tokenizer, Object.keys(ticketTokenizers))
  const expected = vocabularyOf(tokenizer, config)
  if (config.vocabulary !== expected) {
    throw new RangeError(`"vocabulary" expected ${expected} for the tokenizer ${tokenizer}, got ${config.vocabulary}`)
  }
}

/** The matrices are those of the configuration, in their order. */
function assertMatrices({ version, config, matrices }: SearchedMetadata): void {
  // A file may claim any number of layers: what its matrices cannot stand for is refused before anything is listed.
  if (matrices.length < config.layers) {
    throw new RangeError(`"matrices" expected at least one for each of ${config.layers} layers, got ${matrices.length}`)
  }
  const expected = matricesOf(config)
  if (matrices.length !== expected.length) {
    throw new RangeError(`"matrices" expected ${expected.length} for the configuration, got ${matrices.length}`)
  }
  for (const [i, matrix] of matrices.entries()) {
    if (!isRecord(matrix)) throw new TypeError('"matrices" expected objects')
    const { name, shape } = expected[i]
    if (matrix.name !== name) throw new RangeError(`matrix ${i} expected "${name}", got ${quoted(matrix.name)}`)
    if (!sameShape(matrix.shape, shape)) {
      throw new RangeError(`"${name}.shape" expected [${shape}], got ${quoted(matrix.shape)}`)
    }
    assertMatrix(matrix)
    if (version !== '1') assertScores(matrix)
    if (version === '4') assertDress(matrix)
  }
  assertDistinct(
    'stream',
    matrices.map(({ stream }) => stream),
  )
}

/** Checks what a matrix has beside its name and shape. */
function assertMatrix({ name, shape, stream, init, kept, generations }: SearchedMatrix): void {
  const count = shape[0] * shape[1]
  if (count > MATRIX_LIMIT) throw new RangeError(`"${name}" expected at most 2^30 weights, got ${count}`)
  assertInteger(`"${name}.stream"`, stream, 0, GENERATION_STRIDE - 1)
  if (!isRecord(init)) throw new TypeError(`"${name}.init" expected an initialisation`)
  const scale = initialisationScale(init)
  if (scale > SCALE_LIMIT) throw new RangeError(`"${name}.init" expected a scale of at most 2^32, got ${scale}`)
  assertInteger(`"${name}.kept"`, kept, 0, count)
  assertInteger(`"${name}.generations"`, generations, 0, GENERATION_LIMIT)
}

/** From version 4 on a weight may wear several coats and have another sign and scale than the seed gives it. */
function assertDress({ name, shape, kept, usedRows, coats = [], inverted, scale = 1 }: SearchedMatrix): void {
  const [rows, columns] = shape
  if (usedRows !== undefined) {
    assertInteger(`"${name}.usedRows"`, usedRows, 0, rows)
    if (kept > usedRows * columns) {
      throw new RangeError(`"${name}.kept" expected at most ${usedRows * columns} in ${usedRows} rows, got ${kept}`)
    }
  }
  if (coats.length > COAT_LIMIT - 1) {
    throw new RangeError(`"${name}.coats" expected at most ${COAT_LIMIT} coats in all, got ${coats.length + 1}`)
  }
  for (const [i, ones] of coats.entries()) assertInteger(`"${name}.coats"`, ones, 1, i === 0 ? kept : coats[i - 1])
  if (inverted !== undefined) assertInteger(`"${name}.inverted"`, inverted, 1, kept)
  if (typeof scale !== 'number') throw new TypeError(`"${name}.scale" expected a number, got ${typeof scale}`)
  if (!(scale > 0 && scale <= SCALE_LIMIT && Math.fround(scale) === scale)) {
    throw new RangeError(`"${name}.scale" expected a float32 number > 0, at most 2^32, got ${scale}`)
  }
}

/** The rows that are no copies of a shared one are listed: a reader cannot tell them from copies otherwise. */
function assertSharedRow({ version, config, sharedRow, matrices }: SearchedMetadata): void {
  if (sharedRow === undefined) return
  if (version !== '4') throw new RangeError(`"sharedRow" expected none before version 4, got ${quoted(sharedRow)}`)
  assertInteger('"sharedRow"', sharedRow, 0, config.vocabulary - 1)
  for (const [i, { name, role }] of matricesOf(config).entries()) {
    if (hasRowPerToken(role) && matrices[i].usedRows === undefined) {
      throw new RangeError(`"sharedRow" expected a list of rows in ${name}, got none`)
    }
  }
}

/** From version 2 on a matrix names the stream of its scores, or that there is none. */
function assertScores({ name, scores }: SearchedMatrix): void {
  if (scores !== null) assertInteger(`"${name}.scores"`, scores, 0)
}

/** Learned norms are those of the configuration, in their order; plain ones have no tensor. */
function assertNorms({ config, norms, dense }: SearchedMetadata): void {
  const expected = searchedDense(config, norms)
  if (dense.length !== expected.length) {
    throw new RangeError(`"dense" expected ${expected.length} tensors with ${norms} norms, got ${dense.length}`)
  }
  for (const [i, { name, shape }] of expected.entries()) {
    if (dense[i].name !== name || !sameShape(dense[i].shape, shape)) {
      throw new RangeError(
        `dense tensor ${i} expected "${name}" [${shape}], got "${dense[i].name}" [${dense[i].shape}]`,
      )
    }
  }
}

/** What a search says of itself ends in tables: it is checked although nothing depends on it. */
function assertSummary(search: SearchSummary): void {
  if (!isRecord(search) || !isRecord(search.corpus)) {
    throw new TypeError('"search" expected an object with a corpus, or null')
  }
  const { algorithm, keep, selection, qkScale, initialisation, steps, batch, length, tokens, validLoss } = search
  for (const [name, word] of Object.entries({ algorithm, selection, initialisation })) {
    if (typeof word !== 'string' || !/^[\w.-]{1,64}$/.test(word)) {
      throw new RangeError(`"search.${name}" expected a word, got ${quoted(word)}`)
    }
  }
  if (!(typeof keep === 'number' && keep > 0 && keep <= 1)) {
    throw new RangeError(`"search.keep" expected 0 < keep <= 1, got ${quoted(keep)}`)
  }
  if (!(typeof qkScale === 'number' && qkScale > 0 && Number.isFinite(qkScale))) {
    throw new RangeError(`"search.qkScale" expected a finite number > 0, got ${quoted(qkScale)}`)
  }
  for (const [name, value] of Object.entries({ steps, batch, length, tokens })) {
    assertInteger(`"search.${name}"`, value, 0)
  }
  if (validLoss !== null && !(typeof validLoss === 'number' && Number.isFinite(validLoss))) {
    throw new RangeError(`"search.validLoss" expected a finite number or null, got ${quoted(validLoss)}`)
  }
  assertCorpus(search.corpus)
}

function assertCorpus({ name, sha256, tokenizer }: SearchSummary['corpus']): void {
  assertName('search.corpus.name', name)
  assertName('search.corpus.tokenizer', tokenizer)
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new RangeError(`"search.corpus.sha256" expected 64 hexadecimal digits, got ${quoted(sha256)}`)
  }
}
