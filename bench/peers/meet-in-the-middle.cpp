// The plain C++ peer: meet in the middle on float64, one core. Half-sums are kept sorted by merging (no sort call), the
// two lists are walked against each other, the best pair's masks are joined. Straightforward, not tuned by hand.
//
//   meet-in-the-middle <items> <runs> < problems > masks
//
// stdin: float64 items [count][n], then float64 targets [count]. stdout: uint32 masks. stderr: seconds of each run.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

struct Entry {
  double sum;
  uint32_t mask;
};

static void sorted_half(const double* items, int count, std::vector<Entry>& out, std::vector<Entry>& next) {
  out.assign(1, {0.0, 0});
  for (int i = 0; i < count; i++) {
    const size_t size = out.size();
    next.resize(2 * size);
    for (size_t a = 0, b = 0, o = 0; o < 2 * size; o++) {
      if (b == size || (a < size && out[a].sum <= out[b].sum + items[i])) {
        next[o] = out[a++];
      } else {
        next[o] = {out[b].sum + items[i], out[b].mask | (1u << i)};
        b++;
      }
    }
    out.swap(next);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int n = std::atoi(argv[1]);
  const int runs = std::atoi(argv[2]);
  std::vector<double> data;
  double buffer[4096];
  for (size_t got; (got = std::fread(buffer, sizeof(double), 4096, stdin)) > 0;)
    data.insert(data.end(), buffer, buffer + got);
  const size_t count = data.size() / (n + 1);
  const double* targets = data.data() + count * n;
  std::vector<uint32_t> masks(count);
  std::vector<Entry> a, b, scratch;
  const int half = n / 2;
  for (int run = 0; run < runs; run++) {
    const auto start = std::chrono::steady_clock::now();
    for (size_t c = 0; c < count; c++) {
      const double* items = data.data() + c * n;
      sorted_half(items, half, a, scratch);
      sorted_half(items + half, n - half, b, scratch);
      double best = INFINITY;
      for (size_t i = 0, j = b.size(); i < a.size() && j > 0;) {
        const double gap = a[i].sum + b[j - 1].sum - targets[c];
        if (std::fabs(gap) < best) {
          best = std::fabs(gap);
          masks[c] = a[i].mask | (b[j - 1].mask << half);
        }
        if (gap < 0) i++;
        else j--;
      }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "%.9f\n", seconds.count());
  }
  std::fwrite(masks.data(), sizeof(uint32_t), count, stdout);
  return 0;
}
