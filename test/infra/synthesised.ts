import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from 'aws-cdk-lib'
import { buildApp } from '../../infra/app.ts'
import type { StageSettings } from '../../infra/settings.ts'
import { type Resource, type StackTemplate, synthesise, type Synthesis } from '../../infra/synthesise.ts'

export interface Aside {
  /** Against the validator and cdk-nag: a few seconds. */
  readonly checked?: boolean
  /** What a test breaks before the templates are made. */
  readonly plant?: (app: App) => void
}

/** Made in a folder of its own, so that tests of one machine don’t meet. */
export function synthesiseAside (stages: readonly StageSettings[], { checked = false, plant }: Aside = {}): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'freshet-infra-test-'))
  try {
    const app = buildApp(stages, { outdir, validate: checked, nag: checked })
    plant?.(app)
    return synthesise(app)
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

export function resourcesOf ({ Resources }: StackTemplate, type: string): Array<Resource & { readonly id: string }> {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type).map(([id, resource]) => ({ id, ...resource }))
}

/** What stands at a path of names and indexes in a template; undefined where there is nothing. */
export function at (value: unknown, ...path: ReadonlyArray<string | number>): unknown {
  return path.reduce<unknown>((inner, key) => typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined, value)
}
