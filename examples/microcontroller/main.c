/* Classifies images of raw pixels from standard input, one after another: its number, its name and
 * all logits, a line an image. On a microcontroller the pixels come from a camera instead; the rest
 * is the same.
 *
 *   mapnet export --run runs/demo --format c --out model.h
 *   cc -std=c99 -O2 -I. -Iexamples/microcontroller examples/microcontroller/main.c examples/microcontroller/int8_network.c -lm -o classify
 *   ./classify < pixels */
#include <stdio.h>

#include "int8_network.h"
#include "model.h"

/* Fails to compile where the model does not fit in the flash that is set aside for it. */
#ifdef FLASH_BYTES
typedef char model_fits_in_flash[MODEL_FLASH_BYTES <= FLASH_BYTES ? 1 : -1];
#endif

static uint8_t pixels[MODEL_CHANNELS * MODEL_HEIGHT * MODEL_WIDTH];
static int8_t scratch[MODEL_SCRATCH_BYTES];
static float logits[MODEL_CLASSES];

int main(void) {
  static const char *const names[MODEL_CLASSES] = MODEL_CLASS_NAMES;
  while (fread(pixels, 1, sizeof pixels, stdin) == sizeof pixels) {
    int8_network_run(&model, pixels, scratch, sizeof scratch, logits);
    const int best = int8_network_best(logits, MODEL_CLASSES);
    printf("%d\t%s", best, names[best]);
    for (int i = 0; i < MODEL_CLASSES; ++i) printf("\t%.9g", (double)logits[i]);
    printf("\n");
  }
  return 0;
}
