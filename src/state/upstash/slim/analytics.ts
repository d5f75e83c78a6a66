/**
 * What stands for `@upstash/core-analytics` in a bundle whose `[alias]` says so. The gate has `@upstash/ratelimit` make
 * none, since analytics store addresses; where it did after all, every request would be refused.
 */
export class Analytics {
  constructor() {
    throw new TypeError('analytics are left out of this bundle; remove the alias of @upstash/core-analytics')
  }
}
