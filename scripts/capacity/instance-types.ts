import { CapacityError } from './capacity-error.ts'
import type { PriceTable } from './price-table.ts'

export interface InstanceType {
  readonly name: string
  readonly vcpus: number
  readonly memoryGiB: number
}

const sizes: Readonly<Record<string, readonly [vcpus: number, memoryGiB: number]>> = {
  't3.small': [2, 2],
  'm7g.large': [2, 8],
  'c7g.large': [2, 4],
  'c7i.large': [2, 4],
  'c7i.xlarge': [4, 8],
  'db.t4g.micro': [2, 1],
  'db.t4g.small': [2, 2],
  'db.t4g.medium': [2, 4],
  'db.m7g.large': [2, 8],
  'db.m7g.xlarge': [4, 16],
  'db.m7g.2xlarge': [8, 32],
  'db.r7g.large': [2, 16],
  'db.r7g.xlarge': [4, 32],
  'db.r7g.2xlarge': [8, 64],
  'db.r7g.4xlarge': [16, 128],
  'db.r7g.8xlarge': [32, 256],
  'db.r7g.16xlarge': [64, 512]
}

/** @throws CapacityError naming those that are known */
export function instanceType (name: string): InstanceType {
  const size = sizes[name]
  if (size === undefined) throw new CapacityError(`the instance type “${name}” is not known; known are ${Object.keys(sizes).join(', ')}. Add it to scripts/capacity/instance-types.ts and its price to the price table`)
  return { name, vcpus: size[0], memoryGiB: size[1] }
}

/** The database classes that have a price, burstable ones left out: their processors are lent, not had. */
export function databaseClasses (prices: PriceTable): InstanceType[] {
  return prices.named('rds.db.').map((name) => name.slice('rds.'.length)).filter((name) => !name.startsWith('db.t')).map(instanceType)
}

/** RDS for PostgreSQL's default, LEAST({DBInstanceClassMemory/9531392}, 5000), from the class's whole memory. */
export function defaultMaxConnections ({ memoryGiB }: InstanceType): number {
  return Math.min(5_000, Math.floor(memoryGiB * 2 ** 30 / 9_531_392))
}
