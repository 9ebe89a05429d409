-- The generic cell rate algorithm, as contract.RateLimit.Spend. All durations are in nanoseconds; the numbers of Lua are
-- exact up to 2^53, which is 104 days.
local window, emission = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = redis.call('TIME') -- seconds, and microseconds
local reset = 0                -- until the limit is whole again
local tat = redis.call('GET', KEYS[1])
if tat then
  local seconds, nanoseconds = string.match(tat, '^(%d+)%.(%d+)$')
  reset = (seconds - now[1]) * 1e9 + nanoseconds - now[2] * 1e3
  if reset < 0 or reset > 2 * window then -- So far ahead, it is from before the clock was set back.
    reset = 0
  end
end
local wait = reset + emission - window
if wait > 0 then
  return {reset, wait}
end
reset = reset + emission
local ahead = now[2] * 1e3 + reset
tat = string.format('%.0f.%.0f', now[1] + math.floor(ahead / 1e9), ahead % 1e9)
redis.call('SET', KEYS[1], tat, 'PX', math.ceil(reset / 1e6))
return {reset, 0}
