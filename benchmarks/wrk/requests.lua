-- wrk sends the raw requests of <directory>/<thread>.req in turn, from the beginning again at the end.
-- Each is written as its length, a line feed, and its bytes.
local started = 0

function setup(thread)
   thread:set("number", started)
   started = started + 1
end

function init(arguments)
   ready = {}
   local file = assert(io.open(arguments[1] .. "/" .. number .. ".req", "rb"))
   while true do
      local length = file:read("*l")
      if not length then break end
      ready[#ready + 1] = file:read(tonumber(length))
   end
   file:close()
   place = 0
end

function request()
   place = place % #ready + 1
   return ready[place]
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
