// Runs a fuzz target on its seeds and on mutations of them that are the same every time: what any
// compiler can do of a libFuzzer run, in seconds.
//
//   <target>_replay                     run
//   <target>_replay --write-seeds DIR   write the seeds to files, for libFuzzer to begin with
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.h"

namespace localmamba {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kMutationsPerTarget = 20000;

void Run(const Bytes& input) {
  const Bytes exact = input;  // no spare capacity, so that a sanitizer sees reads past the end
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

// One to four edits: a byte or bit changed, a run removed, repeated or overwritten, the end lost.
void Mutate(Bytes& input, std::mt19937_64& random) {
  const auto below = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (size_t edits = 1 + below(4); edits > 0 && !input.empty(); --edits) {
    const size_t at = below(input.size());
    const size_t count = 1 + below(std::min<size_t>(input.size() - at, 16));
    const auto begin = input.begin() + static_cast<ptrdiff_t>(at);
    const auto end = begin + static_cast<ptrdiff_t>(count);
    switch (below(6)) {
      case 0:
        *begin = static_cast<uint8_t>(random());
        break;
      case 1:
        *begin = static_cast<uint8_t>(*begin ^ 1U << below(8));
        break;
      case 2:
        input.erase(begin, end);
        break;
      case 3: {
        const Bytes repeated(begin, end);
        input.insert(end, repeated.begin(), repeated.end());
        break;
      }
      case 4:
        std::fill(begin, end, below(2) == 0 ? 0x00 : 0xFF);
        break;
      default:
        input.resize(at);
    }
  }
}

int Replay() {
  std::mt19937_64 random(2024);
  const auto seeds = FuzzSeeds();
  for (const Bytes& seed : seeds) Run(seed);
  Run({});
  for (int i = 0; i < kMutationsPerTarget; ++i) {
    Bytes input = seeds[static_cast<size_t>(i) % seeds.size()];
    Mutate(input, random);
    Run(input);
  }
  std::printf("%zu seeds and %d mutations survived\n", seeds.size(), kMutationsPerTarget);
  return 0;
}

int WriteSeeds(const std::string& folder) {
  int number = 0;
  for (const Bytes& seed : FuzzSeeds()) {
    const std::string path = folder + "/seed" + std::to_string(number++);
    std::ofstream file(path, std::ios::binary);
    std::copy(seed.begin(), seed.end(), std::ostreambuf_iterator<char>(file));
    if (!file.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace localmamba

int main(int argc, char** argv) {
  if (argc == 1) return localmamba::Replay();
  if (argc == 3 && std::strcmp(argv[1], "--write-seeds") == 0) {
    return localmamba::WriteSeeds(argv[2]);
  }
  std::fprintf(stderr, "usage: %s [--write-seeds DIR]\n", argv[0]);
  return 2;
}
