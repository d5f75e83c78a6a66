// Names of bindings, drawn from the `Env` that `npm run env-types` generates out of wrangler.toml and
// .dev.vars.example: there a secret is a `string`, a var a literal, and a binding an object.

type Bound<K extends keyof Cloudflare.Env> = Exclude<Cloudflare.Env[K], undefined>

/** The name of a secret: a misspelt one, or a var, does not compile. */
export type SecretName = {
  [K in keyof Cloudflare.Env]: Bound<K> extends string ? (string extends Bound<K> ? K : never) : never
}[keyof Cloudflare.Env] &
  string

/** The name of a var: a secret or a binding does not compile. */
export type VarName = {
  [K in keyof Cloudflare.Env]: Bound<K> extends string ? (string extends Bound<K> ? never : K) : never
}[keyof Cloudflare.Env] &
  string

/** The name of a URL var, or of a binding with `fetch` (service, VPC, mTLS): a secret does not compile. */
export type DestinationName = {
  [K in keyof Cloudflare.Env]: Bound<K> extends string
    ? string extends Bound<K>
      ? never
      : K
    : Bound<K> extends Fetcher
      ? K
      : never
}[keyof Cloudflare.Env] &
  string

type Segment<S extends string> = S extends `:${infer Name}` ? Name : never

/** The parameters of a path pattern: `'/tenants/:tenant/orders'` has `tenant`. */
export type ParamName<Path extends string> = Path extends `${infer Head}/${infer Rest}`
  ? Segment<Head> | ParamName<Rest>
  : Segment<Path>

export type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string }
