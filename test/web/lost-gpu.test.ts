import { expect, test } from 'vitest'
import { unlessLost } from '../../web/src/lost-gpu.js'

const never = new Promise<never>(() => {})
const lost = () => Promise.reject(new Error('the GPU is lost'))

test('work that ends, ends', async () => {
  expect(await unlessLost(Promise.resolve(3), never)).toBe(3)
})

test('a loss ends work that never does', async () => {
  await expect(unlessLost(never, lost())).rejects.toThrow('the GPU is lost')
})

test('work that fails of a loss, before it is told, fails of the loss', async () => {
  let tell = () => {}
  const told = new Promise<never>((_, reject) => {
    tell = () => reject(new Error('the GPU is lost'))
  })
  const ended = unlessLost(Promise.reject(new TypeError('of undefined')), told, 2 ** 30)
  setImmediate(tell)
  await expect(ended).rejects.toThrow('the GPU is lost')
})

test('work that fails of something else keeps its error', async () => {
  await expect(unlessLost(Promise.reject(new TypeError('of undefined')), never, 1)).rejects.toThrow('of undefined')
})
