import { describe, expect, it } from 'vitest'
import { generateAngularVelocity } from '../../src/data/angular-velocity.js'

describe('angular velocity', () => {
  const { inputs, velocities } = generateAngularVelocity({ seed: 1, count: 500, length: 6 })

  it('starts with a zero regression token, then unit vectors turning by w', () => {
    for (let s = 0; s < 500; s++) {
      const at = (t: number): [number, number] => [inputs[(s * 6 + t) * 2], inputs[(s * 6 + t) * 2 + 1]]
      expect(at(0)).toEqual([0, 0])
      for (let t = 1; t < 5; t++) {
        const [a, b] = [at(t), at(t + 1)]
        expect(Math.hypot(...a)).toBeCloseTo(1, 12)
        expect(Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])).toBeCloseTo(velocities[s], 9)
      }
    }
  })

  it('velocities fill (-pi, pi), phases (0, pi)', () => {
    expect(Math.min(...velocities)).toBeLessThan(-3)
    expect(Math.max(...velocities)).toBeGreaterThan(3)
    const phases = Array.from(velocities, (w, s) => {
      const turned = Math.atan2(inputs[(s * 6 + 1) * 2 + 1], inputs[(s * 6 + 1) * 2]) - w
      return ((turned % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI)
    })
    expect(Math.max(...phases)).toBeLessThan(Math.PI + 1e-9)
    expect(phases.filter((phase) => phase > Math.PI / 2).length).toBeGreaterThan(200)
  })

  it('longer sequences continue shorter ones', () => {
    const long = generateAngularVelocity({ seed: 1, count: 2, length: 50 })
    expect(long.inputs.subarray(100, 112)).toEqual(inputs.subarray(12, 24))
    expect(() => generateAngularVelocity({ seed: 1, count: 2, length: 0 })).toThrow('"length"')
  })
})
