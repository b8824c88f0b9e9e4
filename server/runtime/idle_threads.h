// How OpenMP's threads wait for work.
#ifndef LOCALMAMBA_SERVER_RUNTIME_IDLE_THREADS_H_
#define LOCALMAMBA_SERVER_RUNTIME_IDLE_THREADS_H_

namespace localmamba::server {

// First thing in main. Idle threads of OpenMP shall sleep at once: by default they spin, and take
// the processors from the threads that receive and decode. libgomp reads its environment when it
// is loaded, before main; so this starts the program once more, unless OMP_WAIT_POLICY is set
// already. If that is not possible, the program is slower but works as well.
void LetIdleThreadsSleep(char** argv);

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_RUNTIME_IDLE_THREADS_H_
