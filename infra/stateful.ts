import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StackTemplate } from './synthesise.ts'

/** Resources that hold what can't be made anew. Another logical id would mean a new, empty one. */
export const statefulTypes: readonly string[] = [
  'AWS::RDS::DBInstance', 'AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::SQS::Queue', 'AWS::CloudFront::Distribution', 'AWS::EC2::VPC', 'AWS::Logs::LogGroup'
]

type Frozen = Readonly<Record<string, Readonly<Record<string, string>>>>

const file = join(import.meta.dirname, 'stateful.json')

/** Logical ids and types of the stateful resources, by stack. */
export function statefulResources (templates: ReadonlyMap<string, StackTemplate>): Frozen {
  const sorted = [...templates].sort(([a], [b]) => a.localeCompare(b))
  return Object.fromEntries(sorted.map(([stack, { Resources }]) => [stack, Object.fromEntries(
    Object.entries(Resources).filter(([, { Type }]) => statefulTypes.includes(Type)).map(([id, { Type }]): [string, string] => [id, Type]).sort(([a], [b]) => a.localeCompare(b))
  )]))
}

export function freeze (templates: ReadonlyMap<string, StackTemplate>): void {
  writeFileSync(file, `${JSON.stringify(statefulResources(templates), null, 2)}\n`)
}

/** Where the templates differ from infra/stateful.json, a sentence each. */
export function changesSinceFreeze (templates: ReadonlyMap<string, StackTemplate>, frozen = JSON.parse(readFileSync(file, 'utf8')) as Frozen): string[] {
  const now = statefulResources(templates)
  const stacks = [...new Set([...Object.keys(frozen), ...Object.keys(now)])]
  return stacks.flatMap((stack) => {
    const before = frozen[stack] ?? {}
    const after = now[stack] ?? {}
    return [
      ...Object.entries(before).filter(([id, type]) => after[id] !== type).map(([id, type]) => `${stack}: ${type} ${id} is gone or another; with it would go what it holds`),
      ...Object.entries(after).filter(([id]) => before[id] === undefined).map(([id, type]) => `${stack}: ${type} ${id} is new`)
    ]
  })
}
