import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from 'aws-cdk-lib'

export interface Resource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly UpdatePolicy?: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly DependsOn?: string | readonly string[]
}

export interface StackTemplate {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: Readonly<Record<string, unknown>>
}

export interface Synthesis {
  /** By name of the stack. */
  readonly templates: ReadonlyMap<string, StackTemplate>
  /** What the validator, cdk-nag and the CDK itself found, a line each; warnings too. */
  readonly findings: readonly string[]
}

/**
 * Writes the templates of `app` into its folder and reads them back.
 * @throws Error when the CDK can't make them, other than by what it finds in them.
 */
export function synthesise (app: App): Synthesis {
  const failure = failureOf(() => app.synth())
  const findings = [...reportedIn(app.outdir), ...annotatedIn(app.outdir)]
  if (failure !== undefined && findings.length === 0) throw failure
  return { templates: readTemplates(app.outdir), findings }
}

/** The CDK ends with an error where checks have found something; its report says what. */
function failureOf (synth: () => void): unknown {
  try {
    synth()
    return undefined
  } catch (error) {
    return error
  }
}

export function readTemplates (outdir: string): Map<string, StackTemplate> {
  const suffix = '.template.json'
  const files = readdirSync(outdir).filter((file) => file.endsWith(suffix))
  return new Map(files.map((file) => [file.slice(0, -suffix.length), readJson<StackTemplate>(join(outdir, file))]))
}

interface Report {
  readonly pluginReports: ReadonlyArray<{
    readonly violations: ReadonlyArray<{ readonly ruleName: string, readonly description: string, readonly violatingConstructs: ReadonlyArray<{ readonly constructPath: string }> }>
  }>
}

function reportedIn (outdir: string): string[] {
  if (!readdirSync(outdir).includes('validation-report.json')) return []
  const { pluginReports } = readJson<Report>(join(outdir, 'validation-report.json'))
  return pluginReports.flatMap(({ violations }) => violations).flatMap(({ ruleName, description, violatingConstructs }) =>
    violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName}: ${description}`))
}

/** Warnings that the CDK attaches to a construct. */
function annotatedIn (outdir: string): string[] {
  const files = readdirSync(outdir).filter((file) => file.endsWith('.metadata.json'))
  const entries = files.flatMap((file) => Object.entries(readJson<Record<string, ReadonlyArray<{ readonly type: string, readonly data?: unknown }>>>(join(outdir, file))))
  return entries.flatMap(([path, all]) => all.filter(({ type }) => type === 'aws:cdk:warning' || type === 'aws:cdk:error').map(({ data }) => `${path}: ${String(data)}`))
}

/** Of the CDK's own making, so its shape is taken on trust. */
function readJson<T> (path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
