import { type Static, Type } from 'typebox'
import { Id, nullable, PageQuery, pageOf, Time } from '../catalog/schemas.ts'

export const Role = Type.Enum(['listener', 'curator', 'admin', 'auditor'])

/** Postgres' text has no NUL; half a surrogate pair is no character. */
const name = { minLength: 1, maxLength: 64, pattern: '^[^\\u0000\\ud800-\\udfff]+$' } as const
/** Longer than any password may be; what it must be, the domain says. */
const Password = Type.String({ minLength: 1, maxLength: 1_024 })
const Username = Type.String({ minLength: 1, maxLength: 256 })

export const User = Type.Object({
  id: Id,
  username: Type.String(),
  displayName: Type.String(),
  role: Role,
  disabled: Type.Boolean(),
  createdAt: Time
}, { title: 'User' })
export type User = Static<typeof User>

export const Credentials = Type.Object({ username: Username, password: Password })
export type Credentials = Static<typeof Credentials>

export const SignedIn = Type.Object({ user: User, accessToken: Type.String({ description: 'Bearer token for every route.' }), expiresAt: Time }, { title: 'SignedIn' })
export type SignedIn = Static<typeof SignedIn>

const choices = {
  language: Type.Union([Type.Enum(['en', 'de', 'pt-BR']), Type.Null()]),
  quality: Type.Enum(['auto', 'saving', 'high', 'lossless']),
  loudness: Type.Enum(['auto', 'track', 'album', 'off']),
  crossfadeSeconds: Type.Number({ minimum: 0, maximum: 12 }),
  skipSilence: Type.Boolean(),
  singleKeys: Type.Boolean({ description: 'Whether single keys control the player.' })
}
export const Preferences = Type.Object(choices, { title: 'Preferences' })
export type Preferences = Static<typeof Preferences>
export const PreferencesChange = Type.Partial(Type.Object(choices), { minProperties: 1 })
export type PreferencesChange = Static<typeof PreferencesChange>

export const Me = Type.Object({
  user: User,
  preferences: Preferences,
  permissions: Type.Array(Type.String()),
  organisation: Type.String(),
  media: Type.Object({
    baseUrl: Type.String({ description: 'Before the path of every picture.' }),
    artworkQuery: Type.String({ description: 'Behind the question mark of every picture’s address.' }),
    expiresAt: Time
  })
}, { title: 'Me' })
export type Me = Static<typeof Me>

export const PasswordChange = Type.Object({ currentPassword: Password, newPassword: Password })

export const NewApiToken = Type.Object({ name: Type.String(name) })
export const CreatedApiToken = Type.Object({ id: Id, name: Type.String(), token: Type.String({ description: 'Shown this once.' }) }, { title: 'CreatedApiToken' })
export const ApiTokens = Type.Object({
  items: Type.Array(Type.Object({ id: Id, name: Type.String(), createdAt: Time, lastUsedAt: nullable(Time) }, { title: 'ApiToken' }))
})

export const CreatedAppPassword = Type.Object({ id: Id, name: Type.String(), password: Type.String({ description: 'Shown this once.' }) }, { title: 'CreatedAppPassword' })
export const AppPasswords = Type.Object({
  items: Type.Array(Type.Object({ id: Id, name: Type.String(), createdAt: Time, lastUsedAt: nullable(Time) }, { title: 'AppPassword' }))
})

export const Profile = Type.Object({ displayName: Type.String(name) })
export const AccountDeletion = Type.Object({ password: Password })
export const PersonalData = Type.Object({}, { additionalProperties: true, title: 'PersonalData', description: 'Everything that is kept about you, list by list.' })

export const Sessions = Type.Object({
  items: Type.Array(Type.Object({ id: Id, userAgent: Type.String(), createdAt: Time, lastUsedAt: Time, current: Type.Boolean() }, { title: 'Session' }))
})

export const SetupState = Type.Object({ needed: Type.Boolean(), organisation: Type.String({ description: 'Shown at the door, before anybody has signed in.' }) })
export const Setup = Type.Object({
  token: Type.String({ minLength: 1, maxLength: 100, description: 'Behind the # of the link.' }),
  username: Username,
  password: Password,
  displayName: Type.Optional(Type.String(name))
})

export const NewUser = Type.Object({
  username: Username,
  password: Password,
  displayName: Type.Optional(Type.String(name)),
  role: Type.Optional(Role)
})
export const UserChange = Type.Object({
  role: Type.Optional(Role),
  disabled: Type.Optional(Type.Boolean()),
  displayName: Type.Optional(Type.String(name)),
  password: Type.Optional(Password)
}, { minProperties: 1 })
export const SeenUser = Type.Object({
  ...User.properties,
  lastSeenAt: nullable(Type.String({ format: 'date-time', description: 'When one of their sessions was last renewed; null when none is left.' }))
}, { title: 'SeenUser' })
export type SeenUser = Static<typeof SeenUser>
export const UserPage = pageOf(SeenUser)

export const AuditQuery = Type.Object({
  ...PageQuery.properties,
  action: Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*$', description: 'An action, or the beginning of several: user.' })),
  actorId: Type.Optional(Id)
})

export const AuditPage = pageOf(Type.Object({
  id: Type.String(),
  at: Time,
  actorId: nullable(Id),
  actorName: nullable(Type.String({ description: 'null for strangers, the command line, and those who are deleted.' })),
  action: Type.String(),
  subject: Type.String(),
  details: Type.Object({}, { additionalProperties: true })
}, { title: 'AuditEvent' }))
