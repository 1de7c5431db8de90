/* A processor without AVX-512 and without eight-bit instructions (VNNI), as libraries see it, on one that has them.

   gcc -O2 -shared -fPIC -o without_vnni.so without_vnni.c -ldl
   LD_PRELOAD=$PWD/without_vnni.so COMMAND

   The kernel can make CPUID fault (arch_prctl(2), ARCH_SET_CPUID; Intel since Ivy Bridge, "cpuid_fault" in
   /proc/cpuinfo). The handler of the fault runs it and clears the bits of what is to be hidden, so that every library
   chooses the kernels that it chooses on a machine with AVX2 alone. /proc/cpuinfo still shows the real processor. */

#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { SET_CPUID = 0x1012 };

typedef int (*Sigaction)(int, const struct sigaction *, struct sigaction *);

static struct sigaction theirs; /* what the program would do with a real fault */

static Sigaction libc_sigaction(void) { return (Sigaction)dlsym(RTLD_NEXT, "sigaction"); }

static void hide(uint32_t leaf, uint32_t part, uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx) {
    if (leaf == 7 && part == 0) {
        *ebx &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
        *ecx &= ~(1u << 1 | 1u << 6 | 1u << 8 | 1u << 11 | 1u << 12 | 1u << 14);
        *edx &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
    }
    if (leaf == 7 && part == 1) {
        *eax &= ~(1u << 4 | 1u << 5 | 1u << 21 | 1u << 22 | 1u << 23);
        *edx &= ~(1u << 4 | 1u << 5 | 1u << 8 | 1u << 10 | 1u << 19);
    }
}

static void on_fault(int number, siginfo_t *information, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    if (information->si_code == SI_KERNEL && code[0] == 0x0f && code[1] == 0xa2) {
        uint32_t leaf = registers[REG_RAX], part = registers[REG_RCX], eax, ebx, ecx, edx;
        syscall(SYS_arch_prctl, SET_CPUID, 1);
        __cpuid_count(leaf, part, eax, ebx, ecx, edx);
        syscall(SYS_arch_prctl, SET_CPUID, 0);
        hide(leaf, part, &eax, &ebx, &ecx, &edx);
        registers[REG_RAX] = eax, registers[REG_RBX] = ebx, registers[REG_RCX] = ecx, registers[REG_RDX] = edx;
        registers[REG_RIP] += 2;
        return;
    }
    libc_sigaction()(SIGSEGV, &theirs, NULL); /* comes again at once, and is theirs */
}

int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    if (number != SIGSEGV) return libc_sigaction()(number, new, old);
    if (old) *old = theirs;
    if (new) theirs = *new;
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    libc_sigaction()(SIGSEGV, &action, &theirs);
    if (syscall(SYS_arch_prctl, SET_CPUID, 0) != 0) {
        fputs("without_vnni: this processor or kernel cannot hide anything (no cpuid_fault)\n", stderr);
        exit(1);
    }
}
