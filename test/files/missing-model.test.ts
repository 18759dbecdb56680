import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { modelPathKind } from '../../src/files/missing-model.js'

test('a missing path that looks like a name on the Hugging Face Hub says how to get the files', async () => {
  await expect(modelPathKind('no-such-owner/some-model')).rejects.toThrow(
    'no-such-owner/some-model: no such file or folder; slt reads folders on this machine; download a model of the Hugging Face Hub first: huggingface-cli download no-such-owner/some-model --local-dir some-model',
  )
})

test('other paths are missing and no more', async () => {
  for (const path of ['model', 'a/b/c', '/owner/model', './model', 'owner/x.safetensors', 'test/no-such-model']) {
    await expect(modelPathKind(path)).rejects.toMatchObject({ message: `${path}: no such file or folder` })
  }
})

test('a file and a folder are told apart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slt-kind-'))
  try {
    await writeFile(join(folder, 'file'), '')
    expect([await modelPathKind(folder), await modelPathKind(join(folder, 'file'))]).toEqual(['folder', 'file'])
  } finally {
    await rm(folder, { recursive: true })
  }
})
