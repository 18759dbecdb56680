import { describe, expect, test } from 'vitest'
import { gpuLost, runningFailure } from '../../web/src/views/run/run-failure.js'

const odd = new TypeError("Cannot read properties of undefined (reading 'destroy')")
const ofRuntime = new Error('failed to call OrtRun(). ERROR_CODE: 1')
const stopped = new DOMException('Stopped.', 'AbortError')

describe('what a running network failed of', () => {
  test('on a GPU the way on is WebAssembly, whatever was said', () => {
    expect(runningFailure(ofRuntime, 'webgpu', undefined)).toBe(gpuLost)
    expect(runningFailure(odd, 'webgpu', undefined)).toEqual({
      sentence: "The network stopped: Cannot read properties of undefined (reading 'destroy').",
      way: 'wasm',
    })
  })

  test('a lost GPU stays lost, whatever fails after it', () => {
    for (const error of [odd, ofRuntime, stopped]) expect(runningFailure(error, 'webgpu', gpuLost)).toBe(gpuLost)
  })

  test('in WebAssembly it can be tried again', () => {
    expect(runningFailure(ofRuntime, 'wasm', undefined)?.way).toBe('again')
  })

  test('what was stopped on purpose is no failure', () => {
    expect(runningFailure(stopped, 'webgpu', undefined)).toBeUndefined()
  })
})
