import { useSignal } from '@preact/signals'
import { Segmented, Select } from '../../ui/choice-field.js'
import { Slider } from '../../ui/slider.js'
import { NumberField, SeedField, ValueField } from '../../ui/value-field.js'
import { address, contexts, families, PAPER_SCALE, widths } from './address.js'
import { ArithmeticField } from './arithmetic-field.js'
import { DeviceField } from './device-field.js'
import { MethodField } from './method-field.js'
import { QkNote } from './qk-note.js'
import { TextSource } from './text-source.js'

const { family, qk, scale, width, layers, context, keep, init, steps, batch, lr, seed } = address.values

const familyNames = { gpt2: 'GPT-2', llama: 'Llama' } as const

const schemeNames = {
  'signed-constant': 'signed constants',
  'fan-in': 'normal, scaled by fan-in',
  uniform: 'uniform, ±1/√fan-in',
  gpt2: "GPT-2's N(0, 0.02): too small here",
} as const

/** Everything that a search may be asked for; nothing can be changed while one is there. */
export function SettingsForm({ locked }: { readonly locked: boolean }) {
  const isOpen = useSignal(false)
  return (
    <fieldset class="search-settings" disabled={locked}>
      <legend class="visually-hidden">Settings of the search</legend>
      <TextSource />
      <div class="controls">
        <Segmented
          label="QK scaling"
          value={qk.value}
          options={[
            { value: 'without', label: 'without' },
            { value: 'with', label: 'with' },
            { value: 'both', label: 'both' },
          ]}
          onChange={(value) => {
            qk.value = value
          }}
        />
        <Slider
          label="Share of weights kept"
          value={Math.round(100 * keep.value)}
          min={5}
          max={95}
          step={5}
          unit="%"
          onInput={(value) => {
            keep.value = value / 100
          }}
        />
        <NumberField
          label="Steps"
          value={steps.value}
          min={10}
          max={20_000}
          onChange={(value) => {
            steps.value = value
          }}
        />
        <SeedField
          value={seed.value}
          onChange={(value) => {
            seed.value = value
          }}
        />
      </div>
      <QkNote />
      <details
        class="search-more"
        onToggle={({ currentTarget }) => {
          isOpen.value = currentTarget.open
        }}
      >
        <summary>Model, learning and device</summary>
        <div class="controls">
          <Segmented
            label="Family"
            value={family.value}
            options={families.map((value) => ({ value, label: familyNames[value] }))}
            onChange={(value) => {
              family.value = value
            }}
          />
          <Segmented
            label="Width"
            value={width.value}
            options={widths.map((value) => ({ value, label: value }))}
            onChange={(value) => {
              width.value = value
            }}
          />
          <Slider
            label="Layers"
            value={layers.value}
            min={1}
            max={4}
            onInput={(value) => {
              layers.value = value
            }}
          />
          <Segmented
            label="Context (bytes)"
            value={context.value}
            options={contexts.map((value) => ({ value, label: value }))}
            onChange={(value) => {
              context.value = value
            }}
          />
          <Select
            label="Random weights"
            value={init.value}
            options={Object.entries(schemeNames).map(([value, label]) => ({
              value: value as keyof typeof schemeNames,
              label,
            }))}
            onChange={(value) => {
              init.value = value
            }}
          />
          <Slider
            label="QK scale"
            value={scale.value}
            min={0.2}
            max={8}
            step={0.1}
            help={`Factor of the random query and key matrices where they are scaled; the paper's is the fourth root of a head's width, ${PAPER_SCALE.toFixed(2)} here.`}
            onInput={(value) => {
              scale.value = value
            }}
          />
          <Slider
            label="Windows a step"
            value={batch.value}
            min={1}
            max={64}
            onInput={(value) => {
              batch.value = value
            }}
          />
          <ValueField
            label="Learning rate of the scores"
            value={lr.value}
            inputMode="decimal"
            parse={(text) => {
              const typed = /^(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
              return typed >= 1e-5 && typed <= 1 ? typed : undefined
            }}
            expectation="a number from 0.00001 to 1"
            onChange={(value) => {
              lr.value = value
            }}
          />
          <MethodField />
          <DeviceField shown={isOpen.value} />
          <ArithmeticField />
        </div>
      </details>
    </fieldset>
  )
}
