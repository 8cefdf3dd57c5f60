/** `bench-c ADAPTER CASE PORT CALLERS SECONDS` measures one adapter in one case and prints one line of JSON. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  static const adapter *const adapters[] = {&evertoken_blocking, &evertoken_started, &curl_easy_client, &curl_multi_client, &floor_clock, &floor_call};
  plan plan;
  size_t each;
  if (count != 6) {
    fprintf(stderr, "usage: bench-c ADAPTER CASE PORT CALLERS SECONDS\n");
    return 1;
  }
  plan.kind = arguments[2];
  plan.server = server_at((int)strtol(arguments[3], NULL, 10));
  plan.callers = (int)strtol(arguments[4], NULL, 10);
  plan.seconds = strtod(arguments[5], NULL);
  for (each = 0; each < sizeof adapters / sizeof *adapters; each++) {
    if (strcmp(adapters[each]->name, arguments[1]) == 0) {
      run(adapters[each], &plan);
      return 0;
    }
  }
  fprintf(stderr, "no such adapter: %s\n", arguments[1]);
  return 1;
}
