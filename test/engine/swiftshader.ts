import { existsSync } from 'node:fs'

/** The software GPU that comes with Debian's chromium: Vulkan on the CPU, slow and right. */
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json'

/**
 * Whether tests that need SwiftShader are to be left out; null when they run. Continuous integration never leaves them
 * out: without the driver they fail there.
 */
export const noSwiftShader =
  existsSync(driver) || process.env.CI === 'true' ? null : `needs ${driver}: apt-get install chromium libvulkan1`

/** From here on this process and its children see SwiftShader and no other GPU. Before the first session on WebGPU. */
export const useSwiftShader = () => useDriver(driver)

/** From here on children of this process see no GPU, where drivers are Vulkan's. */
export const useNoDriver = () => useDriver('/nonexistent.json')

function useDriver(path: string): void {
  process.env.VK_DRIVER_FILES = path
  process.env.VK_ICD_FILENAMES = path // the name that older loaders know
}
